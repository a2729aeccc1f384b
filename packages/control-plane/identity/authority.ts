import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@tulle/xds/clock';
import type { Bound } from './bound.ts';
import { createCaCertificate, createSvid, type Issuer } from './certificate.ts';
import { publicKeyOf } from './csr.ts';
import { newKeyPem, readIfPresent, signingKeys, writePrivateFile } from './key-file.ts';
import { type Identity, spiffeUri } from './spiffe.ts';
import { x509 } from './x509.ts';

const day = 24 * 3600_000;
/** How long a workload's certificate is valid; it is renewed at half of that. */
export const svidLifetimeMs = day;
const intermediateLifetimeMs = 365 * day;
const rootLifetimeMs = 3650 * day;

/** An issued certificate with all that its holder needs to be believed. */
export interface IssuedSvid {
  /** Leaf, then intermediate. */
  readonly chain: readonly string[];
  /** Every root that the mesh trusts, concatenated PEM. */
  readonly roots: string;
  readonly uri: string;
  readonly serialNumber: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The mesh's CA: a root, and an intermediate that signs. */
export interface Authority {
  readonly trustDomain: string;
  /** Every root that the mesh trusts, concatenated PEM; its own root first. */
  readonly roots: string;
  /** Lower-case hex SHA-256 of the own root's DER: what enrolment tokens carry. */
  readonly rootPin: string;
  /**
   * Signs the key of a CSR for `identity`; what the CSR itself asks is ignored.
   * @param bound who of that identity may show it to the control plane, and as what; any by default
   * @throws CsrError for a request that does not prove its key, or a key of the wrong type
   */
  issue(identity: Identity, csrPem: string, bound?: Bound): Promise<IssuedSvid>;
}

/**
 * Opens the CA in `dir` (made 0700, keys 0600), creating root and intermediate when they are missing. A
 * trust bundle `roots.pem` beside them may hold more roots than the own one, while roots rotate. `lifetimeMs` is
 * that of SVIDs.
 * @throws Error when a file is there but unusable: a CA is never silently replaced
 */
export async function openAuthority(
  dir: string,
  options: { readonly trustDomain: string; readonly clock: Clock; readonly lifetimeMs?: number },
): Promise<Authority> {
  const { trustDomain, clock, lifetimeMs = svidLifetimeMs } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  const root = await openIssuer(dir, 'root', (keys) =>
    createCaCertificate({
      commonName: 'Tulle root',
      trustDomain,
      keys,
      pathLength: 1,
      now: clock.now(),
      lifetimeMs: rootLifetimeMs,
    }),
  );
  assertOwn(root, trustDomain, dir);
  const ownRoot = root.certificate.toString('pem');
  const bundle = readIfPresent(join(dir, 'roots.pem')) ?? '';
  const roots = [ownRoot, ...pemBlocks(bundle).filter((pem) => !samePem(pem, ownRoot))];

  const newIntermediate = (keys: Issuer['keys']) =>
    createCaCertificate({
      commonName: 'Tulle intermediate',
      trustDomain,
      keys,
      issuer: root,
      pathLength: 0,
      now: clock.now(),
      lifetimeMs: intermediateLifetimeMs,
    });
  let intermediate = await openIssuer(dir, 'intermediate', newIntermediate);
  let renewal: Promise<Issuer> | undefined;

  /** The signer; renewed when so little is left of it that it would shorten SVIDs. */
  async function signer(): Promise<Issuer> {
    const left = intermediate.certificate.notAfter.getTime() - clock.now();
    const rootLeft = root.certificate.notAfter.getTime() - clock.now();
    if (left > intermediateLifetimeMs / 2 || left >= rootLeft) return intermediate;
    renewal ??= createIssuer(dir, 'intermediate', newIntermediate).finally(() => {
      renewal = undefined;
    });
    intermediate = await renewal;
    return intermediate;
  }

  return {
    trustDomain,
    roots: joinPem(roots),
    rootPin: createHash('sha256').update(new Uint8Array(root.certificate.rawData)).digest('hex'),
    async issue(identity, csrPem, bound = {}) {
      const uri = spiffeUri(trustDomain, identity);
      const publicKey = await publicKeyOf(csrPem);
      const issuer = await signer();
      if (issuer.certificate.notAfter.getTime() <= clock.now()) throw new Error('the mesh CA has expired');
      const svid = await createSvid({
        ...{ uri, bound, publicKey, issuer, now: clock.now(), lifetimeMs },
      });
      return {
        chain: [joinPem([svid.toString('pem')]), joinPem([issuer.certificate.toString('pem')])],
        roots: joinPem(roots),
        uri,
        serialNumber: svid.serialNumber,
        notBefore: svid.notBefore.getTime(),
        notAfter: svid.notAfter.getTime(),
      };
    },
  };
}

type Certify = (keys: Issuer['keys']) => Promise<x509.X509Certificate>;

async function openIssuer(dir: string, name: string, certify: Certify): Promise<Issuer> {
  const keyPem = readIfPresent(join(dir, `${name}.key.pem`));
  const certificatePem = readIfPresent(join(dir, `${name}.cert.pem`));
  // The certificate is written last: a key alone is left by a crash, nobody has seen anything it signed.
  if (certificatePem === undefined) return createIssuer(dir, name, certify);
  if (keyPem === undefined) throw new Error(`${join(dir, name)}.key.pem is missing beside its certificate`);
  const keys = await signingKeys(keyPem);
  const certificate = new x509.X509Certificate(certificatePem);
  const [certified, own] = [await keyId(certificate.publicKey), await keyId(keys.publicKey)];
  if (certified !== own) {
    // A crash between the two writes of a renewal: the key is new, the certificate old. Only the
    // intermediate is ever renewed, so certifying the new key again loses nothing.
    if (name === 'intermediate') return createIssuer(dir, name, certify);
    throw new Error(`${join(dir, name)}.key.pem does not belong to its certificate`);
  }
  chmodSync(join(dir, `${name}.key.pem`), 0o600);
  return { certificate, keys };
}

async function createIssuer(dir: string, name: string, certify: Certify): Promise<Issuer> {
  const keyPem = newKeyPem();
  const keys = await signingKeys(keyPem);
  const certificate = await certify(keys);
  writePrivateFile(join(dir, `${name}.key.pem`), keyPem);
  writePrivateFile(join(dir, `${name}.cert.pem`), joinPem([certificate.toString('pem')]));
  return { certificate, keys };
}

async function keyId(key: x509.PublicKey | Issuer['keys']['publicKey']): Promise<string> {
  return (await x509.SubjectKeyIdentifierExtension.create(key)).keyId;
}

function assertOwn(root: Issuer, trustDomain: string, dir: string): void {
  const names = root.certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  const uris = names.filter((name) => name.type === 'url').map((name) => name.value);
  if (!uris.includes(`spiffe://${trustDomain}`)) {
    throw new Error(`${dir} holds the CA of ${uris.join(', ') || 'no trust domain'}, not of ${trustDomain}`);
  }
}

function pemBlocks(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

const samePem = (a: string, b: string): boolean => a.replace(/\s/g, '') === b.replace(/\s/g, '');

/** PEM blocks, each ended by a newline. */
function joinPem(blocks: readonly string[]): string {
  return blocks.map((block) => `${block.trim()}\n`).join('');
}

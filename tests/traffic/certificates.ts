/** Certificates of the applications outside the mesh, of gateways and of their clients, as files. */
import { createHash, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { certificateFor, meshIssuer } from '../mesh-certificates.ts';

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** Holds `ca.pem`, and `<name>.pem` and `<name>.key` of each pair. */
  readonly folder: string;
  readonly ca: string;
  readonly pairs: ReadonlyMap<string, Pair>;
}

/**
 * `outside`, `edge` and `shop` are servers, `edge-rsa` the former's with an RSA key, `visitor` a client; `revoked` is one
 * whose certificate is on the list `crl.pem`, `stranger` one of a CA that nobody trusts.
 */
export async function makeCertificates(folder: string): Promise<Certificates> {
  mkdirSync(folder, { recursive: true });
  const authority = await testAuthority({ name: 'traffic' });
  const other = await testAuthority({ name: 'others' });
  const issue = async (
    from: typeof authority,
    commonName: string,
    dnsNames: readonly string[],
    rsa = false,
  ) => {
    const { chainPem, keyPem } = await from.issue({ commonName, dnsNames, rsa });
    return { cert: chainPem, key: keyPem };
  };
  const revoked = await issue(authority, 'revoked', ['revoked.test']);
  const pairs = new Map([
    ['outside', await issue(authority, 'outside', ['*.outside.test'])],
    ['edge', await issue(authority, 'edge', ['*.edge.test'])],
    ['edge-rsa', await issue(authority, 'edge-rsa', ['*.edge.test'], true)],
    ['revoked', revoked],
    ['shop', await issue(authority, 'shop', ['*.shop.test'])],
    ['visitor', await issue(authority, 'visitor', ['visitor.test'])],
    ['stranger', await issue(other, 'stranger', ['stranger.test'])],
  ]);
  writeFileSync(join(folder, 'ca.pem'), authority.rootPem);
  writeFileSync(join(folder, 'crl.pem'), await authority.revoke({ chainPem: revoked.cert }));
  for (const [name, { cert, key }] of pairs) {
    writeFileSync(join(folder, `${name}.pem`), cert);
    writeFileSync(join(folder, `${name}.key`), key, { mode: 0o600 });
  }
  return { folder, ca: authority.rootPem, pairs };
}

/** With `mesh`, a workload's certificate of the mesh whose state is in the folder, and with its root. */
export async function withMesh(certificates: Certificates, stateDir: string): Promise<Certificates> {
  const root = readFileSync(join(stateDir, 'ca/root.cert.pem'), 'utf8');
  const uri = 'spiffe://cluster.local/ns/traffic/sa/visitor';
  const pair = await certificateFor(uri, await meshIssuer(stateDir));
  const pairs = new Map([...certificates.pairs, ['mesh', pair] as const]);
  return { ...certificates, ca: `${certificates.ca}\n${root}`, pairs };
}

/** How Gateways name a client's certificate and its key. */
export function digestsOf({ cert }: Pair): { readonly hash: string; readonly spki: string } {
  const { raw, publicKey } = new X509Certificate(cert);
  const digest = (of: Buffer) => createHash('sha256').update(of).digest();
  const key = publicKey.export({ type: 'spki', format: 'der' });
  return { hash: digest(raw).toString('hex'), spki: digest(key).toString('base64') };
}

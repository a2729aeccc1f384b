import { webcrypto, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAuthority, svidLifetimeMs } from './authority.ts';
import { commonNameOf } from './bound.ts';
import { readPeer } from './peer.ts';
import { x509 } from './x509.ts';

const day = 24 * 3600_000;
const reviews = { namespace: 'default', serviceAccount: 'reviews' };
let dir: string;
let clock: ManualClock;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tulle-ca-'));
  clock = new ManualClock();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = () => openAuthority(dir, { trustDomain: 'mesh.test', clock });

async function csr(
  algorithm: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams = {
    name: 'ECDSA',
    namedCurve: 'P-256',
  },
  extensions: x509.Extension[] = [],
): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=whoever I please',
    keys: keys as webcrypto.CryptoKeyPair,
    signingAlgorithm: { name: algorithm.name, hash: 'SHA-256' },
    extensions,
  });
  return request.toString('pem');
}

describe('an issued SVID', () => {
  it('is a leaf of the chain with one critical URI SAN and an empty subject', async () => {
    const issued = await (await open()).issue(reviews, await csr());
    const leaf = new x509.X509Certificate(issued.chain[0] as string);
    expect(issued.uri).toBe('spiffe://mesh.test/ns/default/sa/reviews');
    expect(leaf.subject).toBe('');
    const san = leaf.getExtension(x509.SubjectAlternativeNameExtension);
    expect(san?.critical).toBe(true);
    expect(san?.names.toJSON()).toEqual([{ type: 'url', value: issued.uri }]);
    const constraints = leaf.getExtension(x509.BasicConstraintsExtension);
    expect([constraints?.critical, constraints?.ca]).toEqual([true, false]);
    const usage = leaf.getExtension(x509.KeyUsagesExtension);
    expect([usage?.critical, usage?.usages]).toEqual([true, x509.KeyUsageFlags.digitalSignature]);
    expect(leaf.getExtension(x509.ExtendedKeyUsageExtension)?.usages).toEqual([
      '1.3.6.1.5.5.7.3.1',
      '1.3.6.1.5.5.7.3.2',
    ]);
    expect(readPeer(new Uint8Array(leaf.rawData), 'mesh.test')?.identity).toEqual(reviews);
    expect(readPeer(new Uint8Array(leaf.rawData), 'other.test')).toBeUndefined();
  });

  it('names the instance that it is bound to, a long one by its digest', async () => {
    const authority = await open();
    const nameOf = async (instance: string): Promise<string | undefined> => {
      const leaf = new x509.X509Certificate(
        (await authority.issue(reviews, await csr(), { commonName: commonNameOf(instance), claims: 'c' }))
          .chain[0] as string,
      );
      expect(readPeer(new Uint8Array(leaf.rawData), 'mesh.test')?.bound.claims).toBe('c');
      return readPeer(new Uint8Array(leaf.rawData), 'mesh.test')?.bound.commonName;
    };
    expect(await nameOf('reviews-v1-0')).toBe('reviews-v1-0');
    const long = await nameOf(`${'r'.repeat(200)}-0`);
    expect(long).toMatch(/^sha256-[0-9a-f]{48}$/);
    expect(long).toBe(commonNameOf(`${'r'.repeat(200)}-0`));
    expect(commonNameOf(long ?? '')).toBe(long);
  });

  it('verifies up to the root, as OpenSSL sees it', async () => {
    const issued = await (await open()).issue(reviews, await csr());
    const [leaf, intermediate, root] = [...issued.chain, issued.roots].map((pem) => new X509Certificate(pem));
    expect(leaf?.checkIssued(intermediate as X509Certificate)).toBe(true);
    expect(leaf?.verify((intermediate as X509Certificate).publicKey)).toBe(true);
    expect(intermediate?.checkIssued(root as X509Certificate)).toBe(true);
    expect(intermediate?.verify((root as X509Certificate).publicKey)).toBe(true);
    expect(intermediate?.ca).toBe(true);
  });

  it('takes nothing from the request but its key', async () => {
    const greedy = await csr({ name: 'ECDSA', namedCurve: 'P-256' }, [
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: 'spiffe://mesh.test/ns/x/sa/admin' }]),
      new x509.BasicConstraintsExtension(true, 5, true),
    ]);
    const leaf = new x509.X509Certificate((await (await open()).issue(reviews, greedy)).chain[0] as string);
    expect(leaf.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON()).toEqual([
      { type: 'url', value: 'spiffe://mesh.test/ns/default/sa/reviews' },
    ]);
    expect(leaf.getExtension(x509.BasicConstraintsExtension)?.ca).toBe(false);
  });

  it('begins two minutes ago and ends in a day', async () => {
    const issued = await (await open()).issue(reviews, await csr());
    expect(issued.notBefore).toBe(clock.now() - 120_000);
    expect(issued.notAfter).toBe(clock.now() + svidLifetimeMs);
  });

  it('never outlives its issuer: the intermediate is renewed in time, and ends with the root', async () => {
    const authority = await open();
    const first = await authority.issue(reviews, await csr());
    clock.advance(200 * day);
    const renewed = await authority.issue(reviews, await csr());
    expect(renewed.chain[1]).not.toBe(first.chain[1]);
    expect(renewed.roots).toBe(first.roots);
    clock.advance(3450 * day - day / 2);
    const last = await authority.issue(reviews, await csr());
    const rootEnd = new x509.X509Certificate(last.roots).notAfter.getTime();
    expect(rootEnd - clock.now()).toBeLessThan(svidLifetimeMs);
    expect(last.notAfter).toBe(rootEnd);
    clock.advance(day);
    await expect(authority.issue(reviews, await csr())).rejects.toThrow('expired');
  });
});

describe('a certificate request is refused', () => {
  it.each([
    [
      'an RSA key',
      () =>
        csr({
          name: 'RSASSA-PKCS1-v1_5',
          modulusLength: 2048,
          publicExponent: new Uint8Array([1, 0, 1]),
          hash: 'SHA-256',
        }),
      /ECDSA/,
    ],
    ['P-521', () => csr({ name: 'ECDSA', namedCurve: 'P-521' }), /P-256 or P-384/],
    ['a signature over something else', async () => forge(await csr()), /does not verify/],
    ['something else', async () => 'hello', /one PEM block/],
    ['a certificate', async () => (await open()).roots, /one PEM block/],
    ['two requests', async () => (await csr()) + (await csr()), /one PEM block/],
    [
      'rubbish inside',
      async () => '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n',
      /PKCS #10/,
    ],
    ['far too much', async () => 'x'.repeat(20_000), /larger/],
  ])('with %s', async (_, make, message) => {
    const authority = await open();
    await expect(authority.issue(reviews, await make())).rejects.toThrow(message);
  });

  it.each(['', 'a/b', '../x', 'A', 'a b', 'ns/x/sa/y'])('for the account %j', async (serviceAccount) => {
    const authority = await open();
    await expect(authority.issue({ namespace: 'default', serviceAccount }, await csr())).rejects.toThrow(
      'not a name',
    );
  });
});

describe('the CA on disk', () => {
  it('is readable by its owner alone and the same after a restart', async () => {
    const first = await open();
    const again = await open();
    expect(again.roots).toBe(first.roots);
    expect(again.rootPin).toMatch(/^[0-9a-f]{64}$/);
    expect(again.rootPin).toBe(first.rootPin);
    for (const file of readdirSync(dir)) expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('is not used for another trust domain, nor replaced when it is damaged', async () => {
    await open();
    await expect(openAuthority(dir, { trustDomain: 'other.test', clock })).rejects.toThrow(
      'not of other.test',
    );
    writeFileSync(join(dir, 'root.key.pem'), 'rubbish');
    await expect(open()).rejects.toThrow();
  });

  it('trusts further roots that roots.pem names', async () => {
    const other = mkdtempSync(join(tmpdir(), 'tulle-ca-'));
    try {
      const foreign = await openAuthority(other, { trustDomain: 'mesh.test', clock });
      writeFileSync(join(dir, 'roots.pem'), foreign.roots);
      const bundle = (await open()).roots;
      expect(bundle).toContain(foreign.roots.trim());
      expect(bundle.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    } finally {
      rmSync(other, { recursive: true });
    }
  });
});

/** The request with one letter of its subject changed after it was signed. */
function forge(request: string): string {
  const body = Buffer.from(new x509.Pkcs10CertificateRequest(request).rawData);
  body.write('Whoever', body.indexOf('whoever'));
  return `-----BEGIN CERTIFICATE REQUEST-----\n${body.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
}

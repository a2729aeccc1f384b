import { createHash, type X509Certificate } from 'node:crypto';
import type { CertificatePins, DownstreamTls, PeerValidation } from '@tulle/decision/tables/tls';
import { type TestAuthority, type TestLeaf, testAuthority } from '@tulle/xds/test-authority.fixture';
import { beforeAll, expect, test } from 'vitest';
import { pemCertificates } from '../net/certificates/pem.ts';
import { rootsOf, type Secrets } from '../net/tls/harness.fixture.ts';
import { handshakeOf } from './handshake.ts';

let partners: TestAuthority;
let secrets: Secrets;

beforeAll(async () => {
  partners = await testAuthority({ name: 'partners' });
  secrets = new Map([['partners', rootsOf(partners)]]);
});

const server = (
  more: Partial<DownstreamTls> = {},
  validation: Partial<PeerValidation> = {},
): DownstreamTls => ({
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  cipherSuites: [],
  ecdhCurves: [],
  alpn: [],
  sessionTimeoutMs: 0,
  requireClientCertificate: true,
  certificateSecrets: [],
  validation: { rootsSecret: 'partners', subjectAltNames: [], ...validation },
  ...more,
});
const names = (name: string) => ({ dnsNames: [`${name}.test`] });
const shownBy = ({ chainPem }: Pick<TestLeaf, 'chainPem'>) => pemCertificates(chainPem);
const issued = async (authority: TestAuthority) => shownBy(await authority.issue(names('alice')));

test('who shows none: refused where one is required, else let in', () => {
  const none = (tls: DownstreamTls) => handshakeOf(tls, [], secrets, Date.now());
  expect(none(server())).toMatchObject({ verdict: 'refused', field: 'mode' });
  expect(none(server({ requireClientCertificate: false }))).toEqual({ verdict: 'accepted' });
});

test('a certificate of the roots, of another’s, out of date, by another name', async () => {
  const [alice, stranger] = [await issued(partners), await issued(await testAuthority())];
  const now = Date.now();
  expect(handshakeOf(server(), alice, secrets, now)).toEqual({ verdict: 'accepted' });
  // Shown though it need not be, it must hold up (OPTIONAL_MUTUAL).
  for (const requireClientCertificate of [true, false])
    expect(handshakeOf(server({ requireClientCertificate }), stranger, secrets, now)).toMatchObject({
      verdict: 'refused',
      reason: 'no root of the server has signed the client’s certificate',
    });
  const years = 10 * 365 * 24 * 3_600_000;
  expect(handshakeOf(server(), alice, secrets, now + years)).toMatchObject({
    verdict: 'refused',
    reason: 'the client’s certificate is not valid at this time',
  });
  const bob = server({}, { subjectAltNames: [(name) => name === 'bob.test'] });
  expect(handshakeOf(bob, alice, secrets, now)).toEqual({
    verdict: 'refused',
    reason: 'alice.test is not accepted here',
    field: 'subjectAltNames',
  });
});

test('a certificate that is revoked, by a list of the roots or of a Secret of its own; others are not', async () => {
  const [alice, bob] = await Promise.all([partners.issue(names('alice')), partners.issue(names('bob'))]);
  const pem = await partners.revoke(alice);
  const ofRoots: Secrets = new Map([['partners', { kind: 'roots', pem: partners.rootPem, crlPem: pem }]]);
  const ofItsOwn: Secrets = new Map([...secrets, ['revoked', { kind: 'crl', pem }]]);
  const now = Date.now();
  for (const [validation, known] of [
    [{}, ofRoots],
    [{ crlSecret: 'revoked' }, ofItsOwn],
  ] as const) {
    expect(handshakeOf(server({}, validation), shownBy(alice), known, now)).toEqual({
      verdict: 'refused',
      reason: 'the client’s certificate is revoked',
      field: '',
    });
    expect(handshakeOf(server({}, validation), shownBy(bob), known, now)).toEqual({ verdict: 'accepted' });
  }
});

test('a certificate that is revoked together with its authority', async () => {
  const between = await partners.intermediate();
  const alice = await between.issue(names('alice'));
  const [, authority] = shownBy(alice);
  const crlPem = await partners.revoke({ chainPem: String(authority) });
  const known: Secrets = new Map([['partners', { kind: 'roots', pem: partners.rootPem, crlPem }]]);
  expect(handshakeOf(server(), shownBy(alice), secrets, Date.now())).toEqual({ verdict: 'accepted' });
  expect(handshakeOf(server(), shownBy(alice), known, Date.now())).toMatchObject({
    verdict: 'refused',
    reason: 'the client’s certificate is revoked',
  });
});

test('certificates that are pinned, by themselves or by their keys, and one that is not', async () => {
  const alice = await issued(partners);
  const [leaf] = alice as [X509Certificate];
  const fingerprint = leaf.fingerprint256.replaceAll(':', '').toLowerCase();
  const key = createHash('sha256').update(leaf.publicKey.export({ type: 'spki', format: 'der' }));
  const by = (pins: CertificatePins, more: Partial<PeerValidation> = {}) =>
    handshakeOf(server({}, { pins, ...more }), alice, secrets, Date.now());
  expect(by({ certificates: [fingerprint], publicKeys: [] })).toEqual({ verdict: 'accepted' });
  expect(by({ certificates: [], publicKeys: [key.digest('base64')] })).toEqual({ verdict: 'accepted' });
  const reason = `the certificate ${fingerprint} is none of those that are accepted`;
  const others = { certificates: ['0'.repeat(64)], publicKeys: ['x'] };
  expect(by(others)).toEqual({ verdict: 'refused', reason, field: '' });
  // The right name is not enough.
  expect(by(others, { subjectAltNames: [() => true] })).toMatchObject({ verdict: 'refused', reason });
});

test('by roots that are not known here nothing is said', async () => {
  expect(handshakeOf(server(), await issued(partners), new Map(), Date.now()).verdict).toBe('unknown');
});

test('whose certificate nobody verifies', async () => {
  const anybody = server({}, { acceptUntrusted: true });
  const shown = await issued(await testAuthority());
  expect(handshakeOf(anybody, shown, secrets, Date.now())).toEqual({ verdict: 'accepted' });
});

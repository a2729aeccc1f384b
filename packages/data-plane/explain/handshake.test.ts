import type { DownstreamTls, PeerValidation } from '@tulle/decision/tables/tls';
import { type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
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
const issued = async (authority: TestAuthority) =>
  pemCertificates((await authority.issue({ dnsNames: ['alice.test'] })).chainPem);

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

test('by roots that are not known here nothing is said', async () => {
  expect(handshakeOf(server(), await issued(partners), new Map(), Date.now()).verdict).toBe('unknown');
});

test('whose certificate nobody verifies', async () => {
  const anybody = server({}, { acceptUntrusted: true });
  const shown = await issued(await testAuthority());
  expect(handshakeOf(anybody, shown, secrets, Date.now())).toEqual({ verdict: 'accepted' });
});

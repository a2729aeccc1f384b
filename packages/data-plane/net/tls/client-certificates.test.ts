import { createHash, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { DownstreamTls, PeerValidation } from '@tulle/decision/tables/tls';
import { type TestAuthority, type TestLeaf, testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { closed } from '../../testing/closed.ts';
import { closeServers, rootsOf, type Secrets, serve } from './harness.fixture.ts';

let partners: TestAuthority;
let secrets: Secrets;
let alice: TestLeaf;
let bob: TestLeaf;
let stranger: TestLeaf;

beforeAll(async () => {
  const [edge, others] = await Promise.all([testAuthority({ name: 'edge' }), testAuthority()]);
  partners = await testAuthority({ name: 'partners' });
  alice = await partners.issue({ dnsNames: ['alice.test'] });
  bob = await partners.issue({ dnsNames: ['bob.test'] });
  stranger = await others.issue({ uris: ['spiffe://partners/ns/a/sa/alice'] });
  secrets = new Map([
    ['edge', { kind: 'certificate', ...(await edge.issue({ dnsNames: ['edge.test'] })) }],
    ['partners', rootsOf(partners)],
    ['default', { kind: 'certificate', ...(await edge.issue({ dnsNames: ['own.test'] })) }],
  ]);
});
afterEach(closeServers);

const base: DownstreamTls = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  cipherSuites: [],
  ecdhCurves: [],
  alpn: [],
  sessionTimeoutMs: 3_600_000,
  requireClientCertificate: true,
  certificateSecrets: ['edge'],
};
const mutual = (
  validation: Partial<PeerValidation> = {},
  more: Partial<DownstreamTls> = {},
): DownstreamTls => ({
  ...base,
  ...more,
  validation: { rootsSecret: 'partners', subjectAltNames: [], ...validation },
});

/** What a client that shows this certificate is told, and the session that it could resume. */
async function ask(
  port: number,
  leaf: TestLeaf | undefined,
  session?: Buffer,
): Promise<{ readonly said: string; readonly session: Buffer | undefined }> {
  const shown = leaf === undefined ? {} : { cert: leaf.chainPem, key: leaf.keyPem };
  const socket = connect({
    ...{ port, host: '127.0.0.1', servername: 'edge.test', rejectUnauthorized: false },
    ...shown,
    ...(session === undefined ? {} : { session }),
  });
  let said = '';
  let offered: Buffer | undefined;
  socket.on('session', (ticket: Buffer) => {
    offered = ticket;
  });
  socket.on('data', (chunk) => {
    said += String(chunk);
    socket.end();
  });
  socket.on('error', (error) => {
    said ||= error.message;
  });
  await closed(socket);
  return { said: said || 'closed', session: offered };
}

describe('revoked certificates', () => {
  test.each(['with the roots', 'in a secret of their own'])('%s', async (where) => {
    const list = await partners.revoke(bob);
    const inRoots = where === 'with the roots';
    const listed: Secrets = new Map([
      ...secrets,
      inRoots
        ? ['partners', { kind: 'roots', pem: partners.rootPem, crlPem: list }]
        : ['list', { kind: 'crl', pem: list }],
    ]);
    const { port, refusals } = await serve(listed, { tls: mutual(inRoots ? {} : { crlSecret: 'list' }) });
    expect((await ask(port, alice)).said).toBe('hello');
    expect((await ask(port, bob)).said).not.toContain('hello');
    expect(refusals).toEqual(['CERT_REVOKED']);
  });

  test('resume no session of before', async () => {
    const running = await serve(secrets, { tls: mutual() });
    const { said, session } = await ask(running.port, bob);
    expect(said).toBe('hello');
    expect((await ask(running.port, bob, session)).said).toBe('hello');
    expect(running.resumed).toBe(1);
    const list = await partners.revoke(bob);
    running.update(
      new Map([...secrets, ['partners', { kind: 'roots', pem: partners.rootPem, crlPem: list }]]),
    );
    expect((await ask(running.port, bob, session)).said).not.toContain('hello');
    expect(running.resumed).toBe(1);
  });
});

test('nobody is let in where the list of revoked certificates is none', async () => {
  const broken: Secrets = new Map([...secrets, ['list', { kind: 'crl', pem: partners.rootPem }]]);
  await expect(serve(broken, { tls: mutual({ crlSecret: 'list' }) })).rejects.toThrow(
    'list is not a PEM revocation list',
  );
});

describe('certificates that are named', () => {
  const certificateHash = ({ chainPem }: TestLeaf) =>
    new X509Certificate(chainPem).fingerprint256.replaceAll(':', '').toLowerCase();
  const keyHash = ({ chainPem }: TestLeaf) =>
    createHash('sha256')
      .update(new X509Certificate(chainPem).publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64');

  test('by the hash of the certificate, or of its key', async () => {
    const pins = { certificates: [certificateHash(alice)], publicKeys: [keyHash(bob)] };
    const { port } = await serve(secrets, { tls: mutual({ pins }) });
    expect((await ask(port, alice)).said).toBe('hello');
    expect((await ask(port, bob)).said).toBe('hello');
    const third = await partners.issue({ dnsNames: ['carol.test'] });
    expect((await ask(port, third)).said).not.toBe('hello');
  });

  test('must have an accepted name as well, and be signed by the roots', async () => {
    const pins = { certificates: [alice, bob, stranger].map(certificateHash), publicKeys: [] };
    const subjectAltNames = [(name: string) => name === 'alice.test'];
    const { port } = await serve(secrets, { tls: mutual({ pins, subjectAltNames }) });
    expect((await ask(port, alice)).said).toBe('hello');
    expect((await ask(port, bob)).said).not.toBe('hello');
    expect((await ask(port, stranger)).said).not.toBe('hello');
  });
});

test('optional: without a certificate, or with a good one', async () => {
  const { port, peers } = await serve(secrets, { tls: mutual({}, { requireClientCertificate: false }) });
  expect((await ask(port, undefined)).said).toBe('hello');
  expect((await ask(port, alice)).said).toBe('hello');
  expect((await ask(port, stranger)).said).not.toBe('hello');
  expect(peers.map((peer) => peer?.names.dnsNames)).toEqual([undefined, ['alice.test']]);
});

test('not verified: anybody’s is accepted and nobody believed, but one there must be', async () => {
  const { port, peers } = await serve(secrets, { tls: mutual({ acceptUntrusted: true }) });
  expect((await ask(port, stranger)).said).toBe('hello');
  expect((await ask(port, undefined)).said).not.toBe('hello');
  expect(peers).toMatchObject([{ spiffeId: undefined, trustDomain: undefined }]);
  expect(peers[0]?.certificate).toEqual(new X509Certificate(stranger.chainPem).raw);
});

import { once } from 'node:events';
import { type ConnectionOptions, connect } from 'node:tls';
import type { DownstreamTls } from '@tulle/decision/tables/tls';
import { type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { TlsClient } from './client.ts';
import { call, closeServers, rootsOf, type Secrets, serve, tls13, upstream } from './harness.fixture.ts';

/** As a gateway's: no client certificates, TLS 1.2 and 1.3. */
const simple: DownstreamTls = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  cipherSuites: [],
  ecdhCurves: [],
  sessionTimeoutMs: 0,
  alpn: ['h2', 'http/1.1'],
  requireClientCertificate: false,
  certificateSecrets: ['one'],
};
let mesh: TestAuthority;
let secrets: Secrets;

beforeAll(async () => {
  mesh = await testAuthority({ name: 'mesh' });
  const certificate = async (rsa: boolean, ...dnsNames: string[]) =>
    ({ kind: 'certificate', ...(await mesh.issue({ dnsNames, rsa })) }) as const;
  secrets = new Map([
    ['one', await certificate(false, 'one.test')],
    ['one-rsa', await certificate(true, 'one.test')],
    ['wild', await certificate(false, '*.two.test')],
    ['exact', await certificate(false, 'a.two.test', 'B.two.test')],
    ['wild-rsa', await certificate(true, '*.two.test')],
    ['ROOTCA', rootsOf(mesh)],
  ]);
});
afterEach(closeServers);

interface Agreed {
  readonly names: string | undefined;
  readonly key: string | undefined;
  readonly version: string | null;
  readonly cipher: string;
  readonly group: string;
  readonly alpn: string | false | null;
}

/** What a client and a server agree on; undefined: nothing. */
async function agree(tls: DownstreamTls, client: ConnectionOptions = {}): Promise<Agreed | undefined> {
  const { port } = await serve(secrets, { tls });
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...client });
  try {
    await once(socket, 'secureConnect');
  } catch {
    return undefined;
  }
  const shown = socket.getPeerX509Certificate();
  const group = socket.getEphemeralKeyInfo() as { readonly name?: string };
  const agreed = {
    names: shown?.subjectAltName,
    key: shown?.publicKey.asymmetricKeyType,
    version: socket.getProtocol(),
    cipher: socket.getCipher().name,
    group: group.name ?? '',
    alpn: socket.alpnProtocol,
  };
  socket.destroy();
  return agreed;
}

describe('the certificate that is shown', () => {
  const rsaOnly = { sigalgs: 'rsa_pss_rsae_sha256' };
  const all = { ...simple, certificateSecrets: ['one', 'wild', 'exact', 'one-rsa', 'wild-rsa'] };

  test.each<[string, ConnectionOptions, string, string]>([
    ['has the name that was asked for', { servername: 'one.test' }, 'DNS:one.test', 'ec'],
    [
      'has it exactly before by wildcard',
      { servername: 'a.two.test' },
      'DNS:a.two.test, DNS:B.two.test',
      'ec',
    ],
    ['has it in any case', { servername: 'b.TWO.test' }, 'DNS:a.two.test, DNS:B.two.test', 'ec'],
    ['has a wildcard for it', { servername: 'c.two.test' }, 'DNS:*.two.test', 'ec'],
    ['has no wildcard for two labels', { servername: 'c.d.two.test' }, 'DNS:one.test', 'ec'],
    ['is the first for unknown names', { servername: 'unknown.test' }, 'DNS:one.test', 'ec'],
    ['is the first for no name', {}, 'DNS:one.test', 'ec'],
    ['has a key that the client can verify', { servername: 'one.test', ...rsaOnly }, 'DNS:one.test', 'rsa'],
    [
      'has such a key though only a wildcard',
      { servername: 'a.two.test', ...rsaOnly },
      'DNS:*.two.test',
      'rsa',
    ],
    ['has such a key for unknown names', { servername: 'unknown.test', ...rsaOnly }, 'DNS:one.test', 'rsa'],
  ])('%s', async (_, client, names, key) => {
    expect(await agree(all, client)).toMatchObject({ names, key });
  });

  test('is what our own client then verifies', async () => {
    const { port } = await serve(secrets, { tls: { ...simple, certificateSecrets: ['one', 'wild'] } });
    const validation = { rootsSecret: 'ROOTCA', subjectAltNames: [(name: string) => name === '*.two.test'] };
    const { certificateSecret: _none, ...bare } = upstream;
    expect(
      await call(port, new TlsClient(secrets), { ...bare, alpn: [], sni: 'x.two.test', validation }),
    ).toBe('hello');
  });
});

describe('settings', () => {
  test('bound the versions', async () => {
    expect(await agree(simple)).toMatchObject({ version: 'TLSv1.3' });
    expect(await agree({ ...simple, maxVersion: 'TLSv1.2' })).toMatchObject({ version: 'TLSv1.2' });
    expect(await agree({ ...simple, minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' })).toBeUndefined();
    expect(await agree(simple, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).toBeUndefined();
  });

  test('let nobody begin anew within TLS 1.2', async () => {
    const { port } = await serve(secrets, { tls: simple });
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
    await once(socket, 'data');
    const failed = once(socket, 'error');
    socket.renegotiate({ rejectUnauthorized: false }, () => {});
    expect(String((await failed)[0])).toContain('no renegotiation');
    socket.destroy();
  });

  test('choose the ciphers of TLS 1.2, and leave TLS 1.3 alone', async () => {
    const cipherSuites = ['ECDHE-ECDSA-CHACHA20-POLY1305'];
    const tls = { ...simple, cipherSuites };
    // Whatever the client likes best.
    expect(await agree(tls)).toMatchObject({ cipher: 'TLS_AES_128_GCM_SHA256' });
    expect(await agree(tls, { maxVersion: 'TLSv1.2' })).toMatchObject({ cipher: cipherSuites[0] });
    const other = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' } as const;
    expect(await agree(tls, other)).toBeUndefined();
    expect(await agree(simple, other)).toMatchObject({ cipher: other.ciphers });
  });

  test('choose the groups of the key exchange', async () => {
    const tls = { ...simple, ecdhCurves: ['P-384', 'P-256'] };
    expect(await agree(tls)).toMatchObject({ group: 'secp384r1' });
    expect(await agree(tls, { ecdhCurve: 'P-256' })).toMatchObject({ group: 'prime256v1' });
    expect(await agree(tls, { ecdhCurve: 'X25519' })).toBeUndefined();
    expect(await agree(simple)).toMatchObject({ group: 'X25519MLKEM768' });
  });

  test('choose the application protocol, the client\u2019s first that is ours', async () => {
    expect(await agree(simple, { ALPNProtocols: ['http/1.1', 'h2'] })).toMatchObject({ alpn: 'h2' });
    expect(await agree(simple, { ALPNProtocols: ['http/1.1'] })).toMatchObject({ alpn: 'http/1.1' });
    expect(await agree(simple)).toMatchObject({ alpn: false });
    expect(await agree(simple, { ALPNProtocols: ['acme-tls/1'] })).toBeUndefined();
  });

  test.each([
    [[], 'X25519'],
    [['X25519MLKEM768', 'X25519'], 'X25519MLKEM768'],
    [['P-384'], 'secp384r1'],
  ])('of a client ask for the groups %j', async (ecdhCurves, group) => {
    const { port } = await serve(secrets, { tls: simple });
    const { connect: dial } = await import('node:net');
    const socket = dial(port, '127.0.0.1');
    await once(socket, 'connect');
    const { certificateSecret: _none, validation: _any, ...bare } = upstream;
    const agreed = await new Promise((resolve, reject) => {
      new TlsClient(secrets).start(
        socket,
        { ...bare, ...tls13, alpn: [], ecdhCurves },
        {
          onFailed: (detail) => reject(new Error(detail)),
          onSecure: (secured) => {
            resolve((secured.getEphemeralKeyInfo() as { name?: string }).name);
            secured.destroy();
          },
        },
      );
    });
    expect(agreed).toBe(group);
  });
});

import { once } from 'node:events';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TlsClient } from './net/tls/client.ts';
import { ProxySecrets } from './secrets.ts';

const [world, stranger] = await Promise.all([testAuthority({ name: 'world' }), testAuthority()]);
const place = mkdtempSync(join(tmpdir(), 'tulle-files-'));
const file = (name: string, text: string): string => {
  writeFileSync(join(place, name), text);
  return join(place, name);
};
const caPath = file('ca.pem', stranger.rootPem);
let server: Server;

beforeAll(async () => {
  const { chainPem: cert, keyPem: key } = await world.issue({ dnsNames: ['world.example.com'] });
  server = createServer({ cert, key, ca: world.rootPem, requestCert: true }, (socket) => socket.end('hello'));
  server.on('tlsClientError', () => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(place, { recursive: true });
});

/** `hello`, or why not. */
async function ask(secrets: ProxySecrets, certificateSecret: string): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  return new Promise((resolve) => {
    const tls = {
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      cipherSuites: [],
      ecdhCurves: [],
      alpn: [],
      sni: 'world.example.com',
      resumeSessions: false,
      certificateSecret,
      validation: {
        rootsSecret: `file-root:${caPath}`,
        subjectAltNames: [(name: string) => name === 'world.example.com'],
      },
    } as const;
    new TlsClient(secrets).start(socket, tls, {
      onFailed: resolve,
      onSecure: (secured) => {
        secured.once('data', (chunk: Buffer) => resolve(chunk.toString()));
        secured.once('error', (error) => resolve(error.message));
      },
    });
  });
}

test('roots and certificates in files, read again when they change', async () => {
  const { chainPem, keyPem } = await world.issue({ dnsNames: ['us'] });
  const pair = `file-cert:${file('us.pem', chainPem)}~${file('us.key', keyPem)}`;
  const secrets = new ProxySecrets();
  expect(await ask(secrets, `file-cert:${place}/none~${place}/none`)).toMatch(
    /file-cert:.* is not available/,
  );
  expect(await ask(secrets, pair)).toMatch(/^TLS: .*(UNABLE|SELF_SIGNED|certificate)/i);
  writeFileSync(caPath, world.rootPem);
  utimesSync(caPath, 1, 1);
  expect(await ask(secrets, pair)).toBe('hello');
});

test('the same files give the same secret; the platform’s roots are those of the public web', () => {
  const secrets = new ProxySecrets();
  const name = 'file-root:system';
  const found = secrets.get(name);
  expect(found).toEqual({ kind: 'roots', pem: expect.stringContaining('BEGIN CERTIFICATE') });
  expect(secrets.get(name)).toBe(found);
});

test('a list of revoked certificates', () => {
  const path = file('crl.pem', 'CRL');
  expect(new ProxySecrets().get(`file-crl:${path}`)).toEqual({ kind: 'crl', pem: 'CRL' });
});

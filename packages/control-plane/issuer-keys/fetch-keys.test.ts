import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fetchKeys, safeLookup } from './fetch-keys.ts';

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = publicKey.export({ format: 'jwk' });
const keySet = JSON.stringify({ keys: [{ x5c: ['long'], kid: 'k', ...jwk }] }, undefined, 2);

const answers: Readonly<Record<string, (response: ServerResponse, base: string) => void>> = {
  '/keys': (response) => response.end(keySet),
  '/.well-known/openid-configuration': (response, base) =>
    response.end(JSON.stringify({ issuer: base, jwks_uri: `${base}/keys` })),
  '/moved': (response) => response.writeHead(302, { location: '/keys' }).end(),
  '/around': (response) => response.writeHead(302, { location: '/around' }).end(),
  '/inside': (response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
  '/file': (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  '/large': (response) => response.end(' '.repeat(300 * 1024)),
  '/private': (response) => response.end(JSON.stringify({ keys: [{ ...jwk, d: 'x' }] })),
  '/never': () => undefined,
};

let server: Server;
let base = '';
beforeAll(async () => {
  server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    if (answer === undefined) response.writeHead(404).end();
    else answer(response, base);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const open = new AbortController().signal;
const fetched = (path: string, isDiscovery = false, timeoutMs = 30_000) =>
  fetchKeys({ url: path.startsWith('http') ? path : base + path, isDiscovery, timeoutMs }, open);

it('has of keys what verifies, from where an issuer says, or where that leads', async () => {
  const plain = JSON.parse(await fetched('/keys')) as { keys: object[] };
  expect(plain.keys).toEqual([{ ...jwk, kid: 'k' }]);
  expect(await fetched('/moved')).toBe(await fetched('/keys'));
  expect(await fetched('/.well-known/openid-configuration', true)).toBe(await fetched('/keys'));
});

it.each([
  ['/none', 'the answer is 404'],
  ['/around', 'it leads on too often'],
  ['/inside', '169.254.169.254 is an address that is not asked'],
  ['http://169.254.169.254/latest', '169.254.169.254 is an address that is not asked'],
  ['http://[::ffff:169.254.169.254]/', 'is an address that is not asked'],
  ['http://[64:ff9b::169.254.169.254]/', 'is an address that is not asked'],
  ['http://2852039166/', '169.254.169.254 is an address that is not asked'],
  ['http://0/', '0.0.0.0 is an address that is not asked'],
  ['/file', 'it leads on to file://'],
  ['/large', 'the answer is larger than 262144 bytes'],
  ['/private', 'the key set has a private key'],
])('%s: %s', async (path, message) => {
  await expect(fetched(path)).rejects.toThrow(message);
});

it.each([
  ['127.0.0.1', undefined],
  ['169.254.169.254', 'metadata.test is at an address that is not asked'],
  ['::ffff:169.254.169.254', 'metadata.test is at an address that is not asked'],
])('a name is what it leads to, also one of several: %s', (address, message) => {
  const resolve = ((_host: string, { all }: { all?: boolean }, done: (...found: unknown[]) => void) =>
    all
      ? done(null, [
          { address: '127.0.0.1', family: 4 },
          { address, family: 4 },
        ])
      : done(null, address, 4)) as never;
  for (const all of [true, false])
    safeLookup(resolve)('metadata.test', { all }, (error) => expect(error?.message).toBe(message));
  expect.assertions(2);
});

it('waits no longer than it may', async () => {
  await expect(fetched('/never', false, 50)).rejects.toThrow('aborted');
});

import { once } from 'node:events';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { identityFor, mtlsInbound } from '@tulle/data-plane/testing/mesh';
import { type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { beforeAll, expect, test } from 'vitest';
import { census, nothing } from '../census.ts';
import { type Hardened, httpProxy } from '../proxy.ts';
import { rawBackend } from '../raw-backend.ts';
import { RawClient } from '../raw-client.ts';

const cleanup = cleanupAfterEach();
let authority: TestAuthority;
beforeAll(async () => {
  authority = await testAuthority();
});

/** What OpenSSL says first to a server that does not answer. */
async function clientHello(): Promise<Buffer> {
  let hello = Buffer.alloc(0);
  const backend = await rawBackend(undefined, ({ socket }) => {
    socket.on('data', (chunk: Buffer) => {
      hello = Buffer.concat([hello, chunk]);
    });
  });
  const socket = connectTls({ port: backend.port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.on('error', () => {});
  await expect.poll(() => hello.length > 0 && hello.length === 5 + hello.readUInt16BE(3)).toBe(true);
  socket.destroy();
  await backend.close();
  return hello;
}

async function answered(
  proxy: Hardened,
  secrets: { readonly key: string; readonly cert: string; readonly ca: string },
): Promise<string> {
  const socket: TLSSocket = connectTls({
    ...secrets,
    port: proxy.port,
    host: '127.0.0.1',
    servername: 'server',
    checkServerIdentity: () => undefined,
  });
  await once(socket, 'secureConnect');
  socket.write('GET /bystander HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

const crowd = 100;

interface Trickle {
  readonly at: (hello: Buffer) => { readonly sent: Buffer; readonly rest: Buffer };
}

const attacks: Readonly<Record<string, Trickle>> = {
  'no first byte': { at: (hello) => ({ sent: Buffer.alloc(0), rest: hello.subarray(0, 0) }) },
  'half a ClientHello, and then nothing': {
    at: (hello) => ({ sent: hello.subarray(0, 100), rest: hello.subarray(0, 0) }),
  },
  'a ClientHello byte by byte': { at: (hello) => ({ sent: Buffer.alloc(0), rest: hello }) },
  'a ClientHello, and then nothing': { at: (hello) => ({ sent: hello, rest: hello.subarray(0, 0) }) },
  'a ClientHello, and then rubbish': {
    at: (hello) => ({ sent: Buffer.concat([hello, Buffer.alloc(1_000, 0x17)]), rest: hello.subarray(0, 0) }),
  },
  'a record that says that it is 16 KiB, byte by byte': {
    at: () => ({ sent: Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc]), rest: Buffer.alloc(16_000) }),
  },
};

test.each(Object.entries(attacks))('handshakes: %s', async (_name, { at }) => {
  const hello = await clientHello();
  const backend = await rawBackend();
  cleanup.push(() => backend.close());
  const proxy = await httpProxy(backend.port, {
    listener: { inspectTimeoutMs: 1_500, continueOnInspectTimeout: false, inspectTls: true },
    tls: { downstream: mtlsInbound, identity: await identityFor(authority, 'server') },
  });
  cleanup.push(() => proxy.close());
  const leaf = await identityFor(authority, 'client');
  const secrets = { key: leaf.keyPem, cert: leaf.chainPem, ca: leaf.rootsPem };
  expect(await answered(proxy, secrets)).toMatch(/GET \/bystander$/);

  const clients = await Promise.all(Array.from({ length: crowd }, () => RawClient.open(proxy.port)));
  const { sent, rest } = at(hello);
  for (const client of clients) if (sent.length > 0) client.send(sent);
  const trickling = Promise.all(
    clients.map(async (client) => {
      for (let index = 0; index < rest.length && client.outcome === 'open'; index++) {
        client.send(rest.subarray(index, index + 1));
        await Promise.race([client.ended, new Promise((resolve) => setTimeout(resolve, 50))]);
      }
      await client.ended;
    }),
  );
  // Others are served meanwhile.
  for (let asked = 0; asked < 5; asked++) expect(await answered(proxy, secrets)).toMatch(/GET \/bystander$/);
  // Byte by byte to its end a record would take a quarter of an hour.
  await trickling;
  await Promise.all(clients.map((client) => client.close()));
  await backend.close();
  await expect.poll(() => census(proxy.engine)).toEqual(nothing);
});

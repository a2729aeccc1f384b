import * as grpc from '@grpc/grpc-js';
import { AdsClient, type Update } from '@tulle/xds/client/ads-client';
import { certificateService } from '@tulle/xds/client/certificates';
import type { GrpcStatus } from '@tulle/xds/client/transport';
import { type AdsServer, createAdsServer } from '@tulle/xds/server/ads-server';
import { adsServerOptions } from '@tulle/xds/server/grpc-stream';
import { resource, snapshotOf } from '@tulle/xds/server/session.fixture';
import { type TestAuthority, type TestLeaf, testAuthority } from '@tulle/xds/test-authority.fixture';
import { decode, encode } from '@tulle/xds/wire';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { TimerWheel } from '../timers/wheel.ts';
import { grpcConnector } from './connection.ts';

const serverIdentity = 'spiffe://cluster.local/ns/tulle-system/sa/control-plane';
const clientIdentity = 'spiffe://cluster.local/ns/default/sa/reviews';
const connect = grpcConnector(new TimerWheel());
let authority: TestAuthority;
let serverLeaf: TestLeaf;
let clientLeaf: TestLeaf;

beforeAll(async () => {
  authority = await testAuthority();
  serverLeaf = await authority.issue({ uris: [serverIdentity] });
  clientLeaf = await authority.issue({ uris: [clientIdentity] });
});

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function listen(server: grpc.Server, leaf: TestLeaf, requireClient: boolean): Promise<number> {
  const pair = { cert_chain: Buffer.from(leaf.chainPem), private_key: Buffer.from(leaf.keyPem) };
  const credentials = grpc.ServerCredentials.createSsl(Buffer.from(authority.rootPem), [pair], requireClient);
  cleanups.push(() => server.forceShutdown());
  return await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port))),
  );
}

const target = (port: number, leaf = clientLeaf, ca = authority.rootPem) => ({
  address: '127.0.0.1',
  port,
  tls: { ca, key: leaf.keyPem, cert: leaf.chainPem },
  serverIdentity,
});

const same = (bytes: Buffer): Buffer => bytes;
/** Messages are bytes. */
const raw = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

/** How one call that sends nothing ends. */
function endOf(port: number, ca = authority.rootPem): Promise<GrpcStatus> {
  const connection = connect(target(port, clientLeaf, ca));
  cleanups.push(() => connection.close());
  return new Promise((resolve) => {
    connection.open('/none/none', {}, { onMessage: () => {}, onEnd: resolve }).end();
  });
}

describe('whom it talks to', () => {
  test('a server with the right SPIFFE ID, whatever its address', async () => {
    const port = await listen(new grpc.Server(), serverLeaf, true);
    expect((await endOf(port)).code).toBe(grpc.status.UNIMPLEMENTED);
  });

  test.each<[string, () => Promise<TestLeaf>, RegExp]>([
    [
      'another SPIFFE ID',
      () => authority.issue({ uris: [clientIdentity] }),
      /presents spiffe:.*reviews instead of/,
    ],
    ['a host name in place of it', () => authority.issue({ addresses: ['127.0.0.1'] }), /no SPIFFE ID/],
    [
      'a second URI beside it',
      () => authority.issue({ uris: [serverIdentity, clientIdentity] }),
      /more than one URI name/,
    ],
    [
      'a name that only looks like it',
      () => authority.issue({ dnsNames: [`a, URI:${serverIdentity}`] }),
      /malformed/,
    ],
    [
      'an expired certificate',
      () => authority.issue({ uris: [serverIdentity], notAfter: Date.now() - 1000 }),
      /expired/,
    ],
  ])('%s is refused', async (_, leaf, message) => {
    const port = await listen(new grpc.Server(), await leaf(), false);
    const { code, message: text } = await endOf(port);
    expect(code).toBe(grpc.status.UNAVAILABLE);
    expect(text).toMatch(message);
  });

  test('a server of another root is refused', async () => {
    const other = await testAuthority();
    const port = await listen(new grpc.Server(), serverLeaf, false);
    expect((await endOf(port, other.rootPem)).code).toBe(grpc.status.UNAVAILABLE);
  });

  test('nobody there: unavailable, with the reason', async () => {
    expect(await endOf(1)).toMatchObject({
      code: grpc.status.UNAVAILABLE,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

test('a key that is none: unavailable, not an exception', async () => {
  const connection = connect({ ...target(1), tls: { ca: authority.rootPem, key: 'no key', cert: 'none' } });
  const status = await new Promise<GrpcStatus>((resolve) =>
    connection.open('/a/b', {}, { onMessage: () => {}, onEnd: resolve }),
  );
  expect(status.code).toBe(grpc.status.UNAVAILABLE);
  expect(status.message).not.toBe('');
});

test('client and server together, over mTLS: updates, a refusal, a restart of the server, a goodbye', async () => {
  const seen: string[] = [];
  const wakers: (() => void)[] = [];
  const note = (what: string): void => {
    seen.push(what);
    for (const wake of wakers.splice(0)) wake();
  };
  const until = async (what: string): Promise<void> => {
    while (!seen.includes(what)) await new Promise<void>((wake) => wakers.push(wake));
    seen.splice(0);
  };
  let ads = undefined as AdsServer | undefined;
  let clusters = [resource('a'), resource('b')];
  const serve = async (): Promise<{ server: grpc.Server; port: number }> => {
    const server = new grpc.Server(adsServerOptions);
    const created = createAdsServer({
      authenticate: (certificate, node) => {
        if (certificate === undefined)
          return { kind: 'refused', code: grpc.status.UNAUTHENTICATED, message: 'no certificate' };
        return { kind: 'accepted', proxyId: node.id };
      },
      onConnect: (id) => created.setSnapshot(id, snapshotOf({ cluster: clusters })),
      onDisconnect: (_, reason) => note(reason),
      onAck: (_, type, versions) => note(`ack ${type} ${[...versions]}`),
      onNack: (_, type, error) => note(`nack ${type} ${error.message}`),
    });
    created.addTo(server);
    ads = created;
    return { server, port: await listen(server, serverLeaf, true) };
  };
  let { server, port } = await serve();
  const updates: Update[] = [];
  const client = new AdsClient({
    node: { id: 'p' },
    connect: () => connect(target(port)),
    onUpdate: (update) => {
      updates.push(update);
      return update.resources
        .filter(({ version }) => version === 'bad')
        .map(({ name }) => ({ name, reason: 'is bad' }));
    },
    random: () => 0.01,
  });
  cleanups.push(() => void client.close(false));
  client.subscribe('cluster', '*');
  client.start();
  await until('ack cluster a,1,b,1');

  clusters = [resource('a', 'bad'), resource('b', '2')];
  ads?.setSnapshot('p', snapshotOf({ cluster: clusters }));
  await until('nack cluster a: is bad');

  server.forceShutdown();
  clusters = [resource('a', '1'), resource('b', '3')];
  updates.splice(0);
  ({ server, port } = await serve());
  await until('ack cluster b,3');
  expect(
    updates.flatMap((update) => update.resources.map(({ name, version }) => `${name}@${version}`)),
  ).toEqual(['b@3']);

  await client.close(true);
  await until('goodbye');
});

test('a proxy that is refused when it first speaks is told why', async () => {
  const grpcServer = new grpc.Server(adsServerOptions);
  const ads = createAdsServer({
    authenticate: () => ({ kind: 'refused', code: grpc.status.PERMISSION_DENIED, message: 'not you' }),
    onConnect: () => {},
    onDisconnect: () => {},
  });
  ads.addTo(grpcServer);
  const port = await listen(grpcServer, serverLeaf, true);
  const status = await new Promise<GrpcStatus>((resolve) => {
    const client = new AdsClient({
      node: { id: 'proxy', cluster: '' },
      connect: () => connect(target(port)),
      onUpdate: () => [],
      onConnection: (state) => state.kind === 'disconnected' && resolve(state.status),
    });
    cleanups.push(() => void client.close(false));
    // More than one request, as a proxy has.
    for (const type of ['cluster', 'listener'] as const) client.subscribe(type, '*');
    client.start();
  });
  expect(status).toEqual({ code: grpc.status.PERMISSION_DENIED, message: 'not you' });
});

test('the certificate service: token, request, chain; its refusal has a code', async () => {
  const server = new grpc.Server();
  server.addService(
    {
      CreateCertificate: {
        ...raw,
        path: '/istio.v1.auth.IstioCertificateService/CreateCertificate',
        requestStream: false,
        responseStream: false,
      },
    },
    {
      CreateCertificate: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
        if (call.metadata.get('authorization')[0] !== 'Bearer good') {
          answer({ code: grpc.status.UNAUTHENTICATED, details: 'token used up – ask for another' });
          return;
        }
        const { csr } = decode('istio.v1.auth.IstioCertificateRequest', call.request);
        answer(
          null,
          Buffer.from(
            encode('istio.v1.auth.IstioCertificateResponse', { certChain: [`leaf for ${csr}`, 'root'] }),
          ),
        );
      },
    },
  );
  const port = await listen(server, serverLeaf, false);
  const call = { ...target(port), tls: { ca: authority.rootPem }, csrPem: 'CSR' };
  expect(await certificateService(connect)({ ...call, token: 'good' })).toEqual({
    certChain: ['leaf for CSR', 'root'],
  });
  await expect(certificateService(connect)({ ...call, token: 'bad' })).rejects.toMatchObject({
    code: 16,
    message: 'token used up – ask for another',
  });
});

test('both sides send much and read slowly: each waits for the other, and all of it arrives', async () => {
  const size = 1024 * 1024;
  const count = 24;
  const server = new grpc.Server({ 'grpc.max_receive_message_length': 2 * size });
  server.addService(
    { Echo: { ...raw, path: '/test/Echo', requestStream: true, responseStream: true } },
    {
      Echo: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', (message: Buffer) => {
          if (call.write(message)) return;
          call.pause();
          call.once('drain', () => call.resume());
        });
        call.on('end', () => call.end());
      },
    },
  );
  const connection = connect(target(await listen(server, serverLeaf, true)));
  cleanups.push(() => connection.close());
  const sizes: number[] = [];
  const status = await new Promise<GrpcStatus>((resolve) => {
    const stream = connection.open(
      '/test/Echo',
      {},
      {
        onMessage: (message) => {
          sizes.push(message.length);
          if (sizes.length === count) stream.end();
        },
        onEnd: resolve,
      },
    );
    for (let at = 0; at < count; at++) stream.send(Buffer.alloc(size, at));
  });
  expect(status).toEqual({ code: grpc.status.OK, message: 'OK' });
  expect(sizes).toEqual(Array.from({ length: count }, () => size));
});

test('a message that is too large ends the call, not the connection', async () => {
  const server = new grpc.Server();
  server.addService(
    { Large: { ...raw, path: '/test/Large', requestStream: false, responseStream: true } },
    {
      Large: (call: grpc.ServerWritableStream<Buffer, Buffer>) => {
        call.on('error', () => {});
        call.write(Buffer.alloc(call.request.length === 0 ? 64 * 1024 * 1024 + 1 : 1));
        call.end();
      },
    },
  );
  const connection = connect(target(await listen(server, serverLeaf, true)));
  cleanups.push(() => connection.close());
  const ask = (request: Buffer): Promise<GrpcStatus> =>
    new Promise((resolve) => {
      const stream = connection.open('/test/Large', {}, { onMessage: () => {}, onEnd: resolve });
      stream.send(request);
      stream.end();
    });
  expect(await ask(Buffer.alloc(0))).toEqual({
    code: grpc.status.INTERNAL,
    message: 'message of 67108865 bytes is too large',
  });
  expect((await ask(Buffer.from('small'))).code).toBe(grpc.status.OK);
});

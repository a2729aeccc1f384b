import { type Client, Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import type { Cluster } from '@tulle/decision/tables/cluster';
import { type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from './engine.ts';
import { cleanupAfterAll } from './testing/cleanup.ts';
import { portOf, startEngine } from './testing/engine.ts';
import { echoService, type GrpcBackend, grpcBackend, grpcClient } from './testing/grpc.ts';
import { identityFor, meshed, mtlsInbound, mtlsOutbound, nodeOf, uriOf } from './testing/mesh.ts';
import {
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  retry,
  route,
  routeTable,
  tables,
} from './testing/tables.ts';

const cleanup = cleanupAfterAll();
let authority: TestAuthority;
let app: GrpcBackend;
beforeAll(async () => {
  authority = await testAuthority();
  app = await grpcBackend();
  cleanup.push(() => app.close());
});

async function sidecar(
  workload: string,
  chain: Parameters<typeof httpChain>[1],
  to: Cluster,
): Promise<Engine> {
  const routes = routeTable([
    host([route(forward(to.name, { retry: retry({ on: new Set(['unavailable']) }) }))]),
  ]);
  const engine = await startEngine(tables({}), { node: nodeOf(workload), uri: uriOf(workload) });
  cleanup.push(() => engine.destroy());
  engine.setIdentity(await identityFor(authority, workload));
  const configured = tables({
    listeners: [listener('l', [httpChain(manager(routes), chain)])],
    clusters: [to],
  });
  expect(await engine.apply(configured)).toEqual([]);
  return engine;
}

/** client → sidecar → mTLS → sidecar → server; the sidecars may agree on less than HTTP/2. */
async function pair(alpn: readonly string[]): Promise<Client> {
  const server = await sidecar(
    'server',
    { tls: { ...mtlsInbound, alpn } },
    cluster('app', [endpoint(app.port)], { protocol: 'http2' }),
  );
  const client = await sidecar(
    'client',
    {},
    cluster('server', [meshed(portOf(server, 'l'), 'server')], {
      protocol: 'auto',
      tls: mtlsOutbound('server'),
    }),
  );
  return connected(client);
}

async function gateway(): Promise<Client> {
  return connected(await sidecar('gateway', {}, cluster('app', [endpoint(app.port)], { protocol: 'http2' })));
}

function connected(engine: Engine): Client {
  const made = grpcClient(portOf(engine, 'l'));
  cleanup.push(() => made.close());
  return made;
}

interface Unary {
  readonly answer: string | undefined;
  readonly error: ServiceError | undefined;
  readonly status: StatusObject;
}

function unary(
  client: Client,
  message: Buffer | string,
  options: {
    readonly metadata?: Metadata;
    readonly deadlineMs?: number;
    readonly cancelled?: Promise<void>;
  } = {},
): Promise<Unary> {
  const { path, requestSerialize, responseDeserialize } = echoService.unary;
  return new Promise((resolve) => {
    let outcome: Pick<Unary, 'answer' | 'error'> = { answer: undefined, error: undefined };
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      Buffer.from(message),
      options.metadata ?? new Metadata(),
      options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs },
      (error, answer) => {
        outcome = { answer: answer?.toString(), error: error ?? undefined };
      },
    );
    call.on('status', (ended) => setImmediate(() => resolve({ ...outcome, status: ended })));
    void options.cancelled?.then(() => call.cancel());
  });
}

describe.each([
  ['a gateway', gateway],
  ['a pair of sidecars that speak HTTP/2', () => pair(['h2', 'http/1.1'])],
  ['a pair of sidecars that speak HTTP/1.1', () => pair(['http/1.1'])],
])('gRPC through %s', (_name, open) => {
  let client: Client;
  beforeAll(async () => {
    client = await open();
  });

  it('unary calls, with metadata both ways', async () => {
    const metadata = new Metadata();
    metadata.set('x-one', 'a');
    metadata.set('x-two-bin', Buffer.from([0, 255, 1]));
    const call = await unary(client, 'hello', { metadata });
    expect([call.answer, call.status.code]).toEqual(['hello', status.OK]);
    expect(call.status.metadata.get('x-one')).toEqual(['a']);
    expect(call.status.metadata.get('x-two-bin')).toEqual([Buffer.from([0, 255, 1])]);
  });

  it('many at once, and a message of a megabyte', async () => {
    const calls = await Promise.all(Array.from({ length: 100 }, (_, i) => unary(client, `m${i}`)));
    expect(calls.map(({ answer }) => answer)).toEqual(Array.from({ length: 100 }, (_, i) => `m${i}`));
    const big = Buffer.alloc(1024 * 1024, 'b');
    expect((await unary(client, big)).answer?.length).toBe(big.length);
  });

  it('an error without a message: trailers only', async () => {
    const { error } = await unary(client, 'fail');
    expect([error?.code, error?.details]).toEqual([status.NOT_FOUND, 'there is none: ü %']);
  });

  it('a stream of the client', async () => {
    const { path, requestSerialize, responseDeserialize } = echoService.clientStream;
    const answer = await new Promise<string>((resolve, reject) => {
      const call = client.makeClientStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        new Metadata(),
        (error, value) => (error === null ? resolve(String(value)) : reject(error)),
      );
      for (let i = 0; i < 100; i++) call.write(Buffer.alloc(1000));
      call.end();
    });
    expect(answer).toBe('100000');
  });

  it('a stream of the server', async () => {
    const { path, requestSerialize, responseDeserialize } = echoService.serverStream;
    const call = client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      Buffer.from('500'),
      new Metadata(),
    );
    const messages: string[] = [];
    for await (const message of call) messages.push(String(message));
    expect([messages.length, messages[0], messages.at(-1)]).toEqual([500, '500', '1']);
  });

  it('a conversation', async () => {
    const { path, requestSerialize, responseDeserialize } = echoService.bidi;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata());
    const messages: string[] = [];
    const ended = new Promise<StatusObject>((resolve) => call.on('status', resolve));
    for (let i = 0; i < 20; i++) {
      call.write(Buffer.from(`t${i}`));
      // Each answer comes before the next question is asked.
      const [message] = await new Promise<[Buffer]>((resolve) =>
        call.once('data', (each) => resolve([each])),
      );
      messages.push(message.toString());
    }
    call.end();
    expect((await ended).code).toBe(status.OK);
    expect(messages).toEqual(Array.from({ length: 20 }, (_, i) => `t${i}`));
  });

  it('a deadline, and a call that is cancelled, end at the server', async () => {
    const calls = (count: number): Promise<void> => expect.poll(() => app.hanging()).toBe(count);
    const late = unary(client, 'hang', { deadlineMs: 3_000 });
    await calls(1);
    expect((await late).status.code).toBe(status.DEADLINE_EXCEEDED);
    await calls(0);
    expect((await unary(client, 'hang', { cancelled: calls(1) })).status.code).toBe(status.CANCELLED);
    await calls(0);
  });
});

it('a server that is not there is UNAVAILABLE', async () => {
  const engine = await sidecar('client', {}, cluster('none', [endpoint(1)], { protocol: 'http2' }));
  const { error } = await unary(connected(engine), 'x');
  expect(error?.code).toBe(status.UNAVAILABLE);
});

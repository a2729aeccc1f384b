import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../manual-clock.fixture.ts';
import { typeUrls, type XdsType } from '../resource.ts';
import { decode, type discovery_DeltaDiscoveryRequest, encode } from '../wire.ts';
import { AdsClient, type ConnectionState, type Rejection, type Update } from './ads-client.ts';
import type { GrpcConnection, StreamHandler } from './transport.ts';

/** The server's end of one connection. */
class FakeConnection implements GrpcConnection {
  readonly requests: discovery_DeltaDiscoveryRequest[] = [];
  handler: StreamHandler | undefined;
  ended = false;
  closed = false;

  open(_path: string, _metadata: Readonly<Record<string, string>>, handler: StreamHandler) {
    this.handler = handler;
    return {
      send: (message: Uint8Array) =>
        void this.requests.push(decode('envoy.service.discovery.v3.DeltaDiscoveryRequest', message)),
      end: () => {
        this.ended = true;
      },
      cancel: () => {
        this.handler = undefined;
      },
    };
  }

  close(): void {
    this.closed = true;
  }

  /** Requests since the last call, in one line each. */
  said(): string[] {
    return this.requests
      .splice(0)
      .map((request) =>
        [
          shortType(request.typeUrl),
          ...request.resourceNamesSubscribe.map((name) => `+${name}`),
          ...request.resourceNamesUnsubscribe.map((name) => `-${name}`),
          ...[...request.initialResourceVersions].map(([name, version]) => `${name}@${version}`),
          ...(request.responseNonce === '' ? [] : [`nonce ${request.responseNonce}`]),
          ...(request.errorDetail === undefined ? [] : [`error ${request.errorDetail.message}`]),
        ].join(' '),
      );
  }

  /** @param bytes of each resource */
  respond(
    type: XdsType,
    nonce: string,
    versions: Record<string, string>,
    removed: string[] = [],
    bytes = 1,
  ): void {
    const message = encode('envoy.service.discovery.v3.DeltaDiscoveryResponse', {
      typeUrl: typeUrls[type],
      nonce,
      resources: Object.entries(versions).map(([name, version]) => ({
        name,
        version,
        resource: { typeUrl: typeUrls[type], value: new Uint8Array(bytes) },
      })),
      removedResources: removed,
    });
    this.handler?.onMessage(message);
  }
}

const shortType = (url: string): string =>
  Object.entries(typeUrls).find(([, known]) => known === url)?.[0] ?? url;

let clock: ManualClock;
let connections: FakeConnection[];
let updates: Update[];
let states: ConnectionState[];
let onUpdate: (update: Update, client: AdsClient) => readonly Rejection[];

beforeEach(() => {
  clock = new ManualClock();
  connections = [];
  updates = [];
  states = [];
  onUpdate = () => [];
});

function start(random = () => 0.5): AdsClient {
  const client: AdsClient = new AdsClient({
    node: { id: 'me' },
    connect: () => {
      const connection = new FakeConnection();
      connections.push(connection);
      return connection;
    },
    onUpdate: (update) => {
      updates.push(update);
      return onUpdate(update, client);
    },
    onConnection: (state) => states.push(state),
    clock,
    random,
  });
  client.subscribe('listener', '*');
  client.subscribe('cluster', '*');
  return client;
}

const latest = (): FakeConnection => connections.at(-1) as FakeConnection;

test('says clusters first, the node once, and nothing for names that nobody wants', () => {
  const client = start();
  client.subscribe('route', new Set());
  client.start();
  expect(latest().requests.map(({ node }) => node?.id)).toEqual(['me', undefined]);
  expect(latest().said()).toEqual(['cluster +*', 'listener +*']);
});

test('acknowledges first, then asks for what the update refers to; drops what is not referred to any more', () => {
  const client = start();
  client.start();
  latest().said();
  onUpdate = ({ type, resources }) => {
    if (type === 'cluster') client.subscribe('endpoint', new Set(resources.map(({ name }) => name)));
    return [];
  };
  latest().respond('cluster', '1', { a: '1', b: '1' });
  expect(latest().said()).toEqual(['cluster nonce 1', 'endpoint +a +b']);
  latest().respond('endpoint', '2', { a: '1', b: '1' });
  latest().respond('cluster', '3', { c: '1' }, ['a']);
  expect(latest().said()).toEqual(['endpoint nonce 2', 'cluster nonce 3', 'endpoint +c -a -b']);
  latest().respond('endpoint', '4', { a: '2', c: '1' });
  expect(updates.at(-1)?.resources.map(({ name }) => name)).toEqual(['c']);
  expect(latest().said()).toEqual(['endpoint nonce 4']);
});

test('refuses with names and reasons, and remembers the version that stays in force', () => {
  const client = start();
  client.start();
  latest().respond('cluster', '1', { a: '1', b: '1' });
  latest().said();
  onUpdate = () => [{ name: 'b', reason: 'lb_policy: MAGLEV is not supported' }];
  latest().respond('cluster', '2', { a: '2', b: '2' });
  expect(latest().said()).toEqual(['cluster nonce 2 error b: lb_policy: MAGLEV is not supported']);
  latest().handler?.onEnd({ code: 14, message: 'gone' });
  clock.advance(50);
  expect(latest().said()).toEqual(['cluster +* a@2 b@1', 'listener +*']);
});

test('asks again for what it has answered, without a stream by not having it', () => {
  const client = start();
  client.askAgain('listener', ['a']);
  client.start();
  latest().respond('listener', '1', { a: '1', b: '1' });
  expect(latest().said()).toEqual(['cluster +*', 'listener +*', 'listener nonce 1']);
  client.askAgain('listener', ['a']);
  expect(latest().said()).toEqual(['listener +a']);
  onUpdate = () => [{ name: 'a', reason: 'cannot bind' }];
  latest().respond('listener', '2', { a: '1' });
  expect(latest().said()).toEqual(['listener nonce 2 error a: cannot bind']);
  latest().handler?.onEnd({ code: 14, message: 'gone' });
  client.askAgain('listener', ['b']);
  clock.advance(50);
  expect(latest().said()).toEqual(['cluster +*', 'listener +*']);
});

test('comes back with growing, jittered pauses and what it has; a working stream starts them anew', () => {
  const client = start();
  client.subscribe('route', new Set(['r']));
  client.start();
  latest().respond('cluster', '1', { a: '1' });
  latest().respond('route', '2', { r: '7' });
  expect(states).toEqual([{ kind: 'connected' }]);
  for (const wait of [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]) {
    const before = connections.length;
    latest().handler?.onEnd({ code: 14, message: 'refused' });
    expect(states.at(-1)).toEqual({
      kind: 'disconnected',
      status: { code: 14, message: 'refused' },
      retryInMs: wait,
    });
    clock.advance(wait - 1);
    expect(connections).toHaveLength(before);
    clock.advance(1);
    expect(connections).toHaveLength(before + 1);
  }
  expect(latest().said()).toEqual(['cluster +* a@1', 'listener +*', 'route +r r@7']);
  latest().respond('cluster', '1', {}, ['a']);
  latest().handler?.onEnd({ code: 14, message: 'again' });
  expect(states.at(-1)).toMatchObject({ retryInMs: 50 });
  clock.advance(50);
  expect(latest().said()).toEqual(['cluster +*', 'listener +*', 'route +r r@7']);
});

test('starts with the versions of an earlier run', () => {
  const client = start();
  client.restore('cluster', new Map([['a', '3']]));
  client.restore(
    'route',
    new Map([
      ['r', '1'],
      ['unwanted', '1'],
    ]),
  );
  client.subscribe('route', new Set(['r']));
  client.start();
  expect(latest().said()).toEqual(['cluster +* a@3', 'listener +*', 'route +r r@1']);
});

describe('a server that breaks the rules', () => {
  test.each([
    ['sends noise', (c: FakeConnection) => c.handler?.onMessage(Uint8Array.of(0xff)), /bad response/],
    [
      'answers with a type that we do not know',
      (c: FakeConnection) =>
        c.handler?.onMessage(encode('envoy.service.discovery.v3.DeltaDiscoveryResponse', { typeUrl: 'x' })),
      /not asked for/,
    ],
    [
      'packs one type into another',
      (c: FakeConnection) =>
        c.handler?.onMessage(
          encode('envoy.service.discovery.v3.DeltaDiscoveryResponse', {
            typeUrl: typeUrls.cluster,
            resources: [{ name: 'a', resource: { typeUrl: typeUrls.route, value: new Uint8Array() } }],
          }),
        ),
      /a is a type.googleapis.com/,
    ],
  ])('%s: the stream is given up and tried again', (_, misbehave, message) => {
    start().start();
    misbehave(latest());
    const last = states.at(-1);
    expect(last?.kind === 'disconnected' && last.status.message).toMatch(message);
    expect(latest().closed).toBe(true);
    clock.advance(50);
    expect(connections).toHaveLength(2);
    expect(updates).toEqual([]);
  });
});

test('health is told, and told again on a new stream', () => {
  const client = start();
  client.start();
  latest().said();
  client.reportHealth(false, 'probe failed');
  expect(latest().said()).toEqual(['type.googleapis.com/istio.v1.HealthInformation error probe failed']);
  latest().handler?.onEnd({ code: 14, message: 'gone' });
  clock.advance(100);
  expect(latest().said()).toEqual([
    'cluster +*',
    'listener +*',
    'type.googleapis.com/istio.v1.HealthInformation error probe failed',
  ]);
});

test('goodbye ends the stream and waits for the answer, a second at most; nothing comes after', async () => {
  for (const answered of [true, false]) {
    const client = start();
    client.start();
    const closing = client.close(true);
    expect(latest().ended).toBe(true);
    expect(latest().closed).toBe(false);
    if (answered) latest().handler?.onEnd({ code: 0, message: '' });
    else clock.advance(1_000);
    await closing;
    expect(latest().closed).toBe(true);
    expect(clock.pending).toBe(0);
  }
  const waiting = start();
  waiting.start();
  latest().handler?.onEnd({ code: 14, message: '' });
  await waiting.close(true);
  expect(clock.pending).toBe(0);
});

describe('a large response', () => {
  const large = 40 * 1024;
  const versions = { a: '1', b: '2', c: '3' };

  test('is taken in parts, what it removes with the last, and acknowledged as a whole', async () => {
    const client = start();
    client.start();
    latest().said();
    onUpdate = ({ resources }) => {
      client.subscribe('endpoint', new Set(['e']));
      return resources.filter(({ name }) => name === 'a').map(({ name }) => ({ name, reason: 'bad' }));
    };
    latest().respond('cluster', 'n1', versions, ['gone'], large);
    latest().respond('listener', 'n2', { l: '1' });
    expect(latest().said()).toEqual([]);
    await expect.poll(() => updates.length).toBe(3);
    expect(
      updates.map(({ type, resources, removed, more }) => [type, resources.length, removed, more]),
    ).toEqual([
      ['cluster', 2, [], true],
      ['cluster', 1, ['gone'], undefined],
      ['listener', 1, [], undefined],
    ]);
    expect(latest().said()).toEqual(['cluster nonce n1 error a: bad', 'endpoint +e', 'listener nonce n2']);
  });

  test('that a broken stream leaves untaken comes again', async () => {
    const client = start();
    client.start();
    latest().respond('cluster', 'n1', versions, [], large);
    latest().handler?.onEnd({ code: 14, message: 'gone' });
    clock.advance(60_000);
    expect(latest().said()).toEqual(['cluster +* a@1 b@2', 'listener +*']);
    latest().respond('cluster', 'n1', { c: '3' });
    expect(updates.map(({ resources }) => resources.length)).toEqual([2, 1]);
    expect(latest().said()).toEqual(['cluster nonce n1']);
  });
});

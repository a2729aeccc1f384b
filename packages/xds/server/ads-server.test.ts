import http2 from 'node:http2';
import * as grpc from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { type Clock, systemClock } from '../clock.ts';
import { ManualClock } from '../manual-clock.fixture.ts';
import { byType, type Snapshot, typeUrls, type XdsResource } from '../resource.ts';
import {
  type Draft,
  decode,
  type discovery_DeltaDiscoveryRequest,
  type discovery_DeltaDiscoveryResponse,
  encode,
} from '../wire.ts';
import { type AdsServer, createAdsServer } from './ads-server.ts';
import { adsServerOptions, adsService } from './grpc-stream.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const empty: Snapshot = byType(() => new Map());
const named = (name: string, version = '1'): [string, XdsResource] => [
  name,
  { name, version, bytes: new Uint8Array(), origins: [] },
];

/** A queue of what happened, to be awaited. */
function journal() {
  const items: string[] = [];
  const waiting: (() => void)[] = [];
  return {
    items,
    write: (item: string) => {
      items.push(item);
      for (const wake of waiting.splice(0)) wake();
    },
    async until(item: string): Promise<void> {
      while (!items.includes(item)) await new Promise<void>((wake) => waiting.push(wake));
    },
  };
}

async function start(
  snapshot: Snapshot,
  events: ReturnType<typeof journal>,
  { until, clock = systemClock }: { until?: number; clock?: Clock } = {},
): Promise<{ ads: AdsServer; address: string }> {
  const server = new grpc.Server(adsServerOptions);
  const ads = createAdsServer({
    authenticate: (_, node) =>
      node.id === 'evil'
        ? { kind: 'refused', code: grpc.status.PERMISSION_DENIED, message: 'not you' }
        : { kind: 'accepted', proxyId: node.id, ...(until === undefined ? {} : { until }) },
    clock,
    log: (message) => {
      if (message.includes('closed')) events.write(message);
    },
    onConnect: (id) => {
      events.write(`connect ${id}`);
      ads.setSnapshot(id, snapshot);
    },
    onDisconnect: (id, reason) => events.write(`${reason} ${id}`),
    onAck: (id, type, versions) => events.write(`ack ${id} ${type} ${[...versions.keys()]}`),
    onNack: (id, type, error, rejected) =>
      events.write(`nack ${id} ${type} ${error.message} ${[...rejected.keys()]}`),
    onHealth: (id, healthy, message) => events.write(`health ${id} ${healthy} ${message}`),
  });
  ads.addTo(server);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  cleanups.push(() => server.forceShutdown());
  return { ads, address: `127.0.0.1:${port}` };
}

function connect(address: string) {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  cleanups.push(() => client.close());
  const { path, requestSerialize, responseDeserialize } = adsService.DeltaAggregatedResources;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  call.on('error', () => {});
  return {
    client,
    call,
    send: (request: Draft<discovery_DeltaDiscoveryRequest>) =>
      call.write(Buffer.from(encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', request))),
    receive: () =>
      new Promise<discovery_DeltaDiscoveryResponse>((resolve) =>
        call.once('data', (bytes: Buffer) =>
          resolve(decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', bytes)),
        ),
      ),
    status: new Promise<grpc.StatusObject>((resolve) => call.once('status', resolve)),
  };
}

test('a stream on which nobody says who is there is ended', async () => {
  const events = journal();
  const clock = new ManualClock();
  const { address } = await start(empty, events, { clock });
  const proxy = connect(address);
  await expect.poll(() => clock.pending).toBe(1);
  clock.advance(10_000);
  expect(await proxy.status).toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED, details: 'no request' });
  expect(clock.pending).toBe(0);
  expect(events.items).toEqual([]);
});

test('a request of more than 4 MiB ends its stream unread', async () => {
  const { address } = await start(empty, journal());
  const proxy = connect(address);
  proxy.call.write(Buffer.alloc(4 * 1024 * 1024 + 1));
  expect(await proxy.status).toMatchObject({ code: grpc.status.RESOURCE_EXHAUSTED });
});

test('a stream ends with the certificate that it was opened with', async () => {
  const events = journal();
  const clock = new ManualClock();
  const until = clock.now() + 24 * 3_600_000;
  const { ads, address } = await start(empty, events, { until, clock });
  const proxy = connect(address);
  proxy.send({ node: { id: 'p' }, typeUrl: typeUrls.cluster });
  await proxy.receive();
  clock.advance(until - clock.now() - 1);
  expect(ads.sessions()).toHaveLength(1);
  clock.advance(1);
  expect(await proxy.status).toMatchObject({
    code: grpc.status.UNAUTHENTICATED,
    details: 'the certificate of this stream has expired',
  });
  expect(events.items.at(-1)).toBe('lost p');
  expect(clock.pending).toBe(0);
});

const snapshot: Snapshot = { ...empty, cluster: new Map([named('a'), named('b')]) };

test('a proxy connects, gets its clusters, acknowledges, and says goodbye by ending its stream', async () => {
  const events = journal();
  const { ads, address } = await start(snapshot, events);
  const proxy = connect(address);
  proxy.send({ node: { id: 'p' }, typeUrl: typeUrls.cluster });
  const response = await proxy.receive();
  expect(response.resources.map(({ name, version, resource }) => [name, version, resource?.typeUrl])).toEqual(
    [
      ['a', '1', typeUrls.cluster],
      ['b', '1', typeUrls.cluster],
    ],
  );
  proxy.send({ typeUrl: typeUrls.cluster, responseNonce: response.nonce });
  await events.until('ack p cluster a,b');
  expect(ads.sessions()[0]?.types.cluster).toMatchObject({ synced: true, names: ['*'] });
  proxy.send({
    typeUrl: 'type.googleapis.com/istio.v1.HealthInformation',
    errorDetail: { code: 1, message: 'sick' },
  });
  await events.until('health p false sick');
  proxy.call.end();
  expect((await proxy.status).code).toBe(grpc.status.OK);
  expect(events.items.at(-1)).toBe('goodbye p');
  expect(ads.sessions()).toEqual([]);
});

test('a cancelled stream and a broken connection are lost, not goodbyes', async () => {
  const events = journal();
  const { address } = await start(snapshot, events);
  const one = connect(address);
  one.send({ node: { id: 'one' }, typeUrl: typeUrls.cluster });
  await one.receive();
  one.call.cancel();
  await events.until('lost one');

  const net = await import('node:net');
  const sockets: import('node:net').Socket[] = [];
  const [host, port] = address.split(':');
  const relay = net.createServer((socket) => {
    const upstream = net.connect(Number(port), host);
    sockets.push(socket, upstream);
    for (const end of [socket, upstream]) end.on('error', () => {});
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => relay.close());
  for (const breakUp of [
    () => sockets[1]?.resetAndDestroy(),
    () => sockets[1]?.destroy(),
    () => sockets[1]?.end(),
  ]) {
    sockets.length = 0;
    events.items.length = 0;
    const two = connect(`127.0.0.1:${(relay.address() as import('node:net').AddressInfo).port}`);
    two.send({ node: { id: 'two' }, typeUrl: typeUrls.cluster });
    await two.receive();
    breakUp();
    await events.until('lost two');
    expect(events.items).not.toContain('goodbye two');
    two.client.close();
    for (const socket of sockets) socket.destroy();
  }
});

test('what a resumed client has is reported after its connection', async () => {
  const events = journal();
  const { address } = await start(snapshot, events);
  const proxy = connect(address);
  proxy.send({
    node: { id: 'p' },
    typeUrl: typeUrls.cluster,
    initialResourceVersions: new Map([['a', '1']]),
  });
  const response = await proxy.receive();
  expect(response.resources.map(({ name }) => name)).toEqual(['b']);
  expect(events.items).toEqual(['connect p', 'ack p cluster a']);
});

test('who is refused, sends no node, or sends no message gets a status', async () => {
  const events = journal();
  const { address } = await start(snapshot, events);
  const evil = connect(address);
  evil.send({ node: { id: 'evil' }, typeUrl: typeUrls.cluster });
  expect(await evil.status).toMatchObject({ code: grpc.status.PERMISSION_DENIED, details: 'not you' });
  const nobody = connect(address);
  nobody.send({ typeUrl: typeUrls.cluster });
  expect((await nobody.status).code).toBe(grpc.status.INVALID_ARGUMENT);
  const noise = connect(address);
  noise.call.write(Buffer.from([0xff, 0xff]));
  expect((await noise.status).code).toBe(grpc.status.INVALID_ARGUMENT);
  expect(events.items).toEqual([]);
});

test('a newer stream of the same proxy takes over without a disconnect', async () => {
  const events = journal();
  const { ads, address } = await start(snapshot, events);
  const old = connect(address);
  old.send({ node: { id: 'p' }, typeUrl: typeUrls.cluster });
  await old.receive();
  const fresh = connect(address);
  fresh.send({ node: { id: 'p' }, typeUrl: typeUrls.cluster });
  expect((await old.status).code).toBe(grpc.status.ABORTED);
  await fresh.receive();
  expect(events.items).toEqual(['connect p', 'connect p']);
  expect(ads.sessions()).toHaveLength(1);
  ads.close();
  expect((await fresh.status).code).toBe(grpc.status.UNAVAILABLE);
});

test('a refused response is reported with the names it is about and is not sent again', async () => {
  const events = journal();
  const { ads, address } = await start(snapshot, events);
  const proxy = connect(address);
  proxy.send({ node: { id: 'p' }, typeUrl: typeUrls.cluster });
  const first = await proxy.receive();
  proxy.send({
    typeUrl: typeUrls.cluster,
    responseNonce: first.nonce,
    errorDetail: { code: 13, message: 'b: bad' },
  });
  await events.until('nack p cluster b: bad b');
  const rest = await proxy.receive();
  expect(rest.resources.map(({ name }) => name)).toEqual(['a']);
  proxy.send({ typeUrl: typeUrls.cluster, responseNonce: rest.nonce });
  await events.until('ack p cluster a');
  ads.setSnapshot('p', { ...snapshot, cluster: new Map([named('a', '2'), named('b', '1')]) });
  const second = await proxy.receive();
  expect(second.resources.map(({ name }) => name)).toEqual(['a']);
});

const megabytes = new Uint8Array(3 * 1024 * 1024).map((_, at) => at);
const large: Snapshot = {
  ...empty,
  cluster: new Map([
    named('a'),
    ['large', { name: 'large', version: '1', bytes: megabytes, origins: [] }],
    named('z'),
  ]),
};

test('a response of megabytes arrives whole, though it goes out in pieces', async () => {
  const { address } = await start(large, journal());
  const proxy = connect(address);
  proxy.send({ node: { id: 'p' }, typeUrl: typeUrls.cluster });
  const names: string[] = [];
  while (names.length < 3) {
    const { resources, nonce } = await proxy.receive();
    for (const { name, resource } of resources) {
      names.push(name);
      if (name === 'large') expect(Buffer.compare(resource?.value ?? new Uint8Array(), megabytes)).toBe(0);
    }
    proxy.send({ typeUrl: typeUrls.cluster, responseNonce: nonce });
  }
  expect(names).toEqual(['a', 'large', 'z']);
});

test('a client that does not read is closed after half a minute, and nobody else waits for it', async () => {
  const events = journal();
  const clock = new ManualClock();
  const { ads, address } = await start(large, events, { clock });
  // grpc-js reads all that comes: this one speaks HTTP/2 by hand, and takes 64 KiB.
  const session = http2.connect(`http://${address}`);
  cleanups.push(() => session.destroy());
  const stuck = session.request({
    ':method': 'POST',
    ':path': adsService.DeltaAggregatedResources.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const reset = new Promise<void>((resolve) => stuck.once('close', resolve));
  const request = encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', {
    node: { id: 'stuck' },
    typeUrl: typeUrls.cluster,
    resourceNamesSubscribe: ['large'],
  });
  stuck.write(Buffer.concat([Uint8Array.of(0, 0, 0, 0, request.length), request]));
  const proxy = connect(address);
  await events.until('connect stuck');
  proxy.send({ node: { id: 'p' }, typeUrl: typeUrls.cluster, resourceNamesSubscribe: ['a'] });
  const { nonce } = await proxy.receive();
  proxy.send({ typeUrl: typeUrls.cluster, responseNonce: nonce });
  await events.until('ack p cluster a');
  clock.advance(28_000);
  expect(ads.sessions()).toHaveLength(2);
  clock.advance(4_000);
  const [why, lost] = events.items.slice(-2);
  expect(why).toMatch(
    /^xds: stuck closed: 31458\d\d bytes of configuration have not been read for 30000 ms$/,
  );
  expect(lost).toBe('lost stuck');
  stuck.resume();
  await reset;
});

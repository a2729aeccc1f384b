import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { freePort } from '@tulle/data-plane/testing/free-port';
import type { Snapshot, XdsResource, XdsType } from '@tulle/xds/resource';
import { type AdsServer, createAdsServer } from '@tulle/xds/server/ads-server';
import { type AdsCall, type AdsHandler, adsServerOptions } from '@tulle/xds/server/grpc-stream';
import { readDeltaRequest } from '@tulle/xds/server/request';
import { type Draft, decode, encode, type Messages } from '@tulle/xds/wire';
import { expect, test } from 'vitest';
import { describeWithPeers } from './peer.ts';

/**
 * A real Envoy, configured by our ADS server alone. With UPDATE_GOLDEN=1 the requests and responses of the
 * delta run are written to packages/xds/server/testdata, where `envoy-session.test.ts` replays them.
 */
const golden = join(
  import.meta.dirname,
  '..',
  '..',
  'packages',
  'xds',
  'server',
  'testdata',
  'envoy-session.json',
);
const rewrite = process.env.UPDATE_GOLDEN === '1';
if (rewrite && process.env.CI) throw new Error('UPDATE_GOLDEN rewrites what CI is to check: not here');

const pack = <N extends keyof Messages>(name: N, message: Draft<Messages[N]>) => ({
  typeUrl: `type.googleapis.com/${name}`,
  value: encode(name, message),
});
const resource = <N extends keyof Messages>(
  type: N,
  name: string,
  version: string,
  message: Draft<Messages[N]>,
): XdsResource => ({
  name,
  version,
  bytes: encode(type, message),
  origins: [],
});
const socket = (portValue: number) => ({ socketAddress: { address: '127.0.0.1', portValue } });
const ads = { ads: {} } as const;

const cluster = (name: string, version: string, seconds = 1): XdsResource =>
  resource('envoy.config.cluster.v3.Cluster', name, version, {
    name,
    type: 'EDS',
    edsClusterConfig: { edsConfig: ads },
    connectTimeout: { seconds, nanos: 0 },
  });
const endpoints = (name: string, version: string, port: number): XdsResource =>
  resource('envoy.config.endpoint.v3.ClusterLoadAssignment', name, version, {
    clusterName: name,
    endpoints: [{ lbEndpoints: [{ endpoint: { address: socket(port) } }] }],
  });
const route = (version: string, to: string): XdsResource =>
  resource('envoy.config.route.v3.RouteConfiguration', 'routes', version, {
    name: 'routes',
    virtualHosts: [
      { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: to } }] },
    ],
  });
const managerName = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const listener = (name: string, version: string, port: number, prefix = 'web'): XdsResource =>
  resource('envoy.config.listener.v3.Listener', name, version, {
    name,
    address: socket(port),
    filterChains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typedConfig: pack(managerName, {
              statPrefix: prefix,
              rds: { configSource: ads, routeConfigName: 'routes' },
              httpFilters: [
                {
                  name: 'envoy.filters.http.router',
                  typedConfig: pack('envoy.extensions.filters.http.router.v3.Router', {}),
                },
              ],
            }),
          },
        ],
      },
    ],
  });

type Parts = Partial<Record<XdsType, readonly XdsResource[]>>;
const types: readonly XdsType[] = ['cluster', 'endpoint', 'listener', 'route', 'secret'];
const snapshotOf = (parts: Parts): Snapshot =>
  Object.fromEntries(
    types.map((type) => [type, new Map((parts[type] ?? []).map((item) => [item.name, item]))]),
  ) as unknown as Snapshot;

/** Cleanups of a test, last first. */
const cleanups = cleanupAfterEach();

const listening = (server: net.Server): Promise<number> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port)),
  );

async function backend(body: string): Promise<number> {
  const server = http.createServer((_, response) => response.end(body));
  cleanups.push(() => server.close());
  return await listening(server);
}

/** The body, or the error's code. */
const get = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve(body));
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });

/** Workers take a configuration a moment after the main thread has acknowledged it. */
async function getUntil(port: number, wanted: string): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (let body = await get(port); body !== wanted; body = await get(port)) {
    if (Date.now() > deadline) throw new Error(`${body} instead of ${wanted}`);
  }
}

interface Recorded {
  readonly kind: 'snapshot' | 'request' | 'response';
  readonly [field: string]: unknown;
}

class ControlPlane {
  readonly events: string[] = [];
  readonly record: Recorded[] = [];
  readonly ads: AdsServer;
  readonly #server = new grpc.Server(adsServerOptions);
  #snapshot: Snapshot;
  #wakers: (() => void)[] = [];

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    this.ads = createAdsServer({
      authenticate: (_, node) => ({ kind: 'accepted', proxyId: node.id }),
      onConnect: (id) => {
        this.#note(`connect ${id}`);
        this.set(this.#snapshot);
      },
      onDisconnect: (_, reason) => this.#note(reason),
      onAck: (_, type, versions, removed) =>
        this.#note(
          [
            'ack',
            type,
            ...[...versions].map(([name, version]) => `${name}@${version}`),
            ...removed.map((name) => `-${name}`),
          ].join(' '),
        ),
      onNack: (_, type, error, rejected) =>
        this.#note(`nack ${type} ${[...rejected.keys()].join(' ')}: ${error.message}`),
    });
    const add = (definition: grpc.ServiceDefinition, handlers: grpc.UntypedServiceImplementation): void => {
      const delta = this.#recorded(handlers.DeltaAggregatedResources as AdsHandler);
      this.#server.addService(definition, { ...handlers, DeltaAggregatedResources: delta });
    };
    this.ads.addTo({ addService: add } as unknown as grpc.Server);
  }

  async listen(port = 0): Promise<number> {
    const bound = await new Promise<number>((resolve, reject) =>
      this.#server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, at) =>
        error ? reject(error) : resolve(at),
      ),
    );
    cleanups.push(() => this.stop());
    return bound;
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  set(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    const parts = types.map((type) => [
      type,
      [...snapshot[type].values()].map(({ name, version, bytes }) => ({
        name,
        version,
        bytes: Buffer.from(bytes).toString('base64'),
      })),
    ]);
    this.record.push({ kind: 'snapshot', resources: Object.fromEntries(parts) });
    this.ads.setSnapshot('envoy', snapshot);
  }

  #recorded(handler: AdsHandler): AdsHandler {
    return (call: AdsCall) => {
      call.on('data', (bytes: Buffer) => {
        const { type, nonce, error, subscribe, unsubscribe, initialVersions } = readDeltaRequest(bytes);
        this.record.push({
          kind: 'request',
          type,
          nonce,
          error,
          subscribe,
          unsubscribe,
          initialVersions: Object.fromEntries(initialVersions),
        });
      });
      this.#recordResponses(call);
      handler(call);
    };
  }

  /** Messages are written to the HTTP/2 stream under the call, in pieces. */
  #recordResponses(call: AdsCall): void {
    const { stream } = (call as unknown as { readonly call: { readonly stream: ServerHttp2Stream } }).call;
    const write = stream.write.bind(stream) as (...of: unknown[]) => boolean;
    let frames: Buffer = Buffer.alloc(0);
    stream.write = (bytes: Uint8Array, ...rest: unknown[]) => {
      frames = Buffer.concat([frames, bytes]);
      // gRPC's length-prefixed messages: a flag and four bytes of length.
      while (frames.length >= 5 && frames.length >= 5 + frames.readUInt32BE(1)) {
        const end = 5 + frames.readUInt32BE(1);
        this.#recordResponse(frames.subarray(5, end));
        frames = frames.subarray(end);
      }
      return write(bytes, ...rest);
    };
  }

  #recordResponse(message: Uint8Array): void {
    const { nonce, resources, removedResources } = decode(
      'envoy.service.discovery.v3.DeltaDiscoveryResponse',
      message,
    );
    this.record.push({
      kind: 'response',
      nonce,
      resources: resources.map(({ name, version }) => `${name}@${version}`),
      removed: removedResources,
    });
  }

  #note(event: string): void {
    this.events.push(event);
    for (const wake of this.#wakers.splice(0)) wake();
  }

  /** Waits for an event that matches, and forgets all up to it. */
  async until(wanted: string | RegExp): Promise<string> {
    const tooLong = setTimeout(() => this.#note('timeout'), 20_000);
    for (;;) {
      const at = this.events.findIndex((event) =>
        typeof wanted === 'string' ? event === wanted : wanted.test(event),
      );
      if (at >= 0) {
        clearTimeout(tooLong);
        return this.events.splice(0, at + 1).at(-1) as string;
      }
      if (this.events.includes('timeout')) throw new Error(`no "${wanted}" in:\n${this.events.join('\n')}`);
      await new Promise<void>((wake) => this.#wakers.push(wake));
    }
  }
}

function startEnvoy(xdsPort: number, apiType: 'DELTA_GRPC' | 'GRPC'): ChildProcess {
  const folder = mkdtempSync(join(tmpdir(), 'tulle-xds-envoy-'));
  const source = { ads: {}, resource_api_version: 'V3' };
  const http2 = {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  };
  const bootstrap = {
    node: { id: 'envoy', cluster: 'test' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    dynamic_resources: {
      ads_config: {
        api_type: apiType,
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
      },
      cds_config: source,
      lds_config: source,
    },
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          connect_timeout: '1s',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': http2,
          },
          load_assignment: {
            cluster_name: 'xds',
            endpoints: [
              {
                lb_endpoints: [
                  {
                    endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: xdsPort } } },
                  },
                ],
              },
            ],
          },
        },
      ],
    },
  };
  const file = join(folder, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  const args = [
    '-c',
    file,
    '-l',
    'warn',
    '--concurrency',
    '1',
    '--disable-hot-restart',
    '--drain-time-s',
    '1',
    '--parent-shutdown-time-s',
    '2',
  ];
  const log = join(folder, 'log');
  const envoy = spawn('envoy', [...args, '--log-path', log], { stdio: 'ignore' });
  const exited = new Promise((resolve) => envoy.once('exit', resolve));
  cleanups.push(async () => {
    envoy.kill('SIGKILL');
    await exited;
    if (process.env.TULLE_SHOW_ENVOY) process.stderr.write(readFileSync(log));
    rmSync(folder, { recursive: true, force: true });
  });
  return envoy;
}

describeWithPeers('Envoy on our ADS server', ['envoy'], () => {
  test('delta: starts, follows changes, refuses, resumes after a restart, and traffic flows all the while', async () => {
    const [one, two, web] = await Promise.all([backend('one'), backend('two'), freePort()]);
    const first: Parts = {
      cluster: [cluster('a', '1')],
      endpoint: [endpoints('a', '1', one)],
      listener: [listener('web', '1', web)],
      route: [route('1', 'a')],
    };
    const plane = new ControlPlane(snapshotOf(first));
    const xdsPort = await plane.listen();
    const envoy = startEnvoy(xdsPort, 'DELTA_GRPC');

    await plane.until('ack cluster a@1');
    await plane.until('ack endpoint a@1');
    await plane.until('ack listener web@1');
    await plane.until('ack route routes@1');
    await getUntil(web, 'one');

    // Endpoints alone.
    plane.set(snapshotOf({ ...first, endpoint: [endpoints('a', '2', two)] }));
    await plane.until('ack endpoint a@2');
    await getUntil(web, 'two');

    // A cluster that changes is warmed with the endpoints that it had.
    plane.set(
      snapshotOf({ ...first, cluster: [cluster('a', '2', 2)], endpoint: [endpoints('a', '2', two)] }),
    );
    await plane.until('ack cluster a@2');
    await plane.until('ack endpoint a@2');
    expect(await get(web)).toBe('two');

    // A route moves to a new cluster; the old one goes when it has.
    const moved: Parts = {
      cluster: [cluster('b', '1')],
      endpoint: [endpoints('b', '1', one)],
      listener: [listener('web', '1', web)],
      route: [route('2', 'b')],
    };
    plane.set(snapshotOf(moved));
    await plane.until('ack cluster b@1');
    await plane.until('ack endpoint b@1');
    await plane.until('ack route routes@2');
    await plane.until('ack cluster -a');
    await getUntil(web, 'one');

    // A listener that Envoy refuses (no stat_prefix), beside one that is well.
    const extra = await freePort();
    const bad = listener('bad', '1', extra, '');
    plane.set(
      snapshotOf({ ...moved, listener: [listener('web', '1', web), bad, listener('extra', '1', extra)] }),
    );
    expect(await plane.until(/^nack/)).toMatch(
      /^nack listener bad: Error adding\/updating listener\(s\) bad: /,
    );
    await getUntil(extra, 'one');
    expect(await get(web)).toBe('one');

    // The control plane restarts: Envoy says what it has and gets what differs.
    plane.stop();
    await plane.until('lost');
    expect(await get(web)).toBe('one');
    const second = new ControlPlane(snapshotOf({ ...moved, endpoint: [endpoints('b', '2', two)] }));
    await second.listen(xdsPort);
    await second.until('ack listener -extra');
    await getUntil(web, 'two');
    await getUntil(extra, 'ECONNREFUSED');
    const sent = second.record
      .filter(({ kind }) => kind === 'response')
      .flatMap(({ resources, removed }) => [resources, removed])
      .flat();
    expect(sent.toSorted()).toEqual(['b@2', 'extra']);

    envoy.kill('SIGTERM');
    await second.until(/^(lost|goodbye)$/);
    if (rewrite) writeFileSync(golden, `${JSON.stringify([plane.record, second.record], null, 1)}\n`);
  });

  test('state of the world: the same server serves clients of the older protocol', async () => {
    const [one, two, web] = await Promise.all([backend('one'), backend('two'), freePort()]);
    const first: Parts = {
      cluster: [cluster('a', '1')],
      endpoint: [endpoints('a', '1', one)],
      listener: [listener('web', '1', web)],
      route: [route('1', 'a')],
    };
    const plane = new ControlPlane(snapshotOf(first));
    startEnvoy(await plane.listen(), 'GRPC');
    await plane.until('ack route routes@1');
    await getUntil(web, 'one');
    const moved: Parts = {
      cluster: [cluster('b', '1')],
      endpoint: [endpoints('b', '1', two)],
      listener: first.listener ?? [],
      route: [route('2', 'b')],
    };
    plane.set(snapshotOf(moved));
    await plane.until('ack route routes@2');
    await getUntil(web, 'two');
    await plane.until(/^ack cluster .*-a/);
    plane.set(snapshotOf({ ...moved, listener: [] }));
    await getUntil(web, 'ECONNREFUSED');
  });
});

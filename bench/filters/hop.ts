import { Socket } from 'node:net';
import { ConfigStore } from '@tulle/data-plane/config/store';
import { filterReaders } from '@tulle/data-plane/config/translate/filters/filter-readers';
import type { ConnectionInfo } from '@tulle/data-plane/http/connection-info';
import { HttpStream } from '@tulle/data-plane/http/http-stream';
import type { ManagerRuntime, StreamContext } from '@tulle/data-plane/http/manager';
import { RouteStats } from '@tulle/data-plane/http/route-stats';
import type { RequestHead, ResponseHead, Stream, StreamHandler } from '@tulle/data-plane/http/stream';
import { limitEnvironment } from '@tulle/data-plane/limits/environment';
import { ChainBuilder } from '@tulle/data-plane/listener/chain-builder';
import { IstioMetrics } from '@tulle/data-plane/telemetry/istio-metrics';
import { MetricRegistry } from '@tulle/data-plane/telemetry/registry';
import { metadata } from '@tulle/data-plane/testing/engine';
import { TimerWheel } from '@tulle/data-plane/timers/wheel';
import { ClusterManager } from '@tulle/data-plane/upstream/cluster-manager';
import { DnsCache } from '@tulle/data-plane/upstream/dns';
import type {
  ClientConnection,
  ClientConnectionEvents,
} from '@tulle/data-plane/upstream/pool/client-connection';
import { Headers } from '@tulle/decision/headers';
import type { Tables } from '@tulle/decision/tables/tables';
import type { RawResource } from '@tulle/xds/client/ads-client';

/** What a hop is configured by, as it comes from a control plane. */
export interface HopResources {
  readonly listener: RawResource;
  readonly route: RawResource;
  readonly cluster: RawResource;
}

const connection: ConnectionInfo = {
  id: 1,
  listener: 'bench',
  direction: 'outbound',
  remoteAddress: '10.0.0.1',
  remotePort: 40_000,
  localAddress: '10.0.0.2',
  localPort: 8080,
  memo: new Map(),
};

/** One kibibyte in two chunks, as a body that is not small comes. */
const chunk = Buffer.alloc(512, 't');

/**
 * A proxy's way from a request's head to the last byte of its response, with no wires at either end: stream, filters,
 * router, cluster and pool are the proxy's own.
 */
export class Hop {
  readonly manager: ManagerRuntime;
  readonly #server = new Server();
  readonly #client = new Client();

  /** @throws Error for resources that are refused */
  constructor({ listener, route, cluster }: HopResources) {
    const wheel = new TimerWheel();
    const tables = tablesOf(listener, route, cluster);
    const clusters = new ClusterManager({
      wheel,
      random: Math.random,
      connector: (_target, _tls, _timeoutMs, { onConnected }) => {
        this.#server.later(() => onConnected(new Socket()));
        return () => {};
      },
      openCodec: (_socket, _http2, events) => this.#server.serve(events),
      dns: new DnsCache({ now: () => wheel.now() }),
      ownListeners: () => [],
      locality: '',
    });
    clusters.update(tables);
    const context: StreamContext = {
      clusters,
      wheel,
      routeStats: new RouteStats(),
      random: Math.random,
      wallNow: Date.now,
      draining: () => false,
      refusing: () => false,
    };
    const metrics = new IstioMetrics(new MetricRegistry());
    const limits = limitEnvironment(wheel);
    const builder = new ChainBuilder({
      context,
      environment: ({ direction }) => ({
        direction,
        role: 'sidecar',
        node: { id: 'bench', metadata },
        trustDomain: 'cluster.local',
        uri: '',
        metrics,
        wheel,
        random: Math.random,
        limits,
        callCluster: () => () => {},
      }),
      loggers: () => [],
    });
    const [config] = tables.listeners.values();
    const [chain] = config?.filterChains ?? [];
    if (config === undefined || chain === undefined) throw new Error('no filter chain');
    const service = builder.build(chain, config, tables, undefined);
    if (service.kind !== 'http') throw new Error('no HTTP');
    this.manager = service.manager;
  }

  /** One request and its response. @returns the status */
  ask(): number {
    const client = this.#client;
    client.status = 0;
    const stream = new HttpStream(this.manager, connection, client);
    stream.onHead(request(), true);
    this.#server.run();
    return client.status;
  }
}

const fields = {
  'user-agent': 'bench/1.0',
  accept: '*/*',
  'accept-encoding': 'gzip',
  origin: 'https://shop.example.com',
  'x-tenant': 'blue',
  'x-request-id': '5f2b7c1e-0000-4000-8000-000000000000',
};

const request = (): RequestHead => ({
  method: 'GET',
  path: '/v1/items?page=2',
  authority: 'items.example.com',
  scheme: 'http',
  headers: Headers.of(fields),
  protocol: 'HTTP/1.1',
});

/** The client's end. */
class Client implements Stream<ResponseHead> {
  status = 0;

  sendHead(head: ResponseHead): void {
    this.status = head.status;
  }

  sendData(): boolean {
    return true;
  }

  sendInformational(): void {}
  sendTrailers(): void {}
  reset(): void {}
  pause(): void {}
  resume(): void {}
}

/** The server's end: one connection that answers when it is told to. */
class Server implements ClientConnection, Stream<RequestHead> {
  active = 0;
  #events: ClientConnectionEvents | undefined;
  #handler: StreamHandler<ResponseHead> | undefined;
  readonly #later: (() => void)[] = [];

  get available(): number {
    return 1 - this.active;
  }

  /** On a connection; one is enough. */
  serve(events: ClientConnectionEvents): this {
    this.#events = events;
    return this;
  }

  later(step: () => void): void {
    this.#later.push(step);
  }

  request(handler: StreamHandler<ResponseHead>): Stream<RequestHead> {
    this.#handler = handler;
    this.active = 1;
    return this;
  }

  run(): void {
    for (let step = this.#later.shift(); step !== undefined; step = this.#later.shift()) step();
    const handler = this.#handler;
    this.#handler = undefined;
    if (handler === undefined) return;
    const headers = Headers.of({ 'content-type': 'text/plain', 'content-length': '1024', server: 'bench' });
    handler.onHead({ status: 200, headers, protocol: 'HTTP/1.1' }, false);
    handler.onData(chunk, false);
    handler.onData(chunk, true);
    this.active = 0;
    this.#events?.onAvailable();
  }

  sendHead(): void {}
  sendData(): boolean {
    return true;
  }
  sendInformational(): void {}
  sendTrailers(): void {}
  reset(): void {}
  pause(): void {}
  resume(): void {}
  close(): void {}
}

function tablesOf(listener: RawResource, route: RawResource, cluster: RawResource): Tables {
  const store = new ConfigStore({ readers: filterReaders, onTables: () => {} });
  const refused = [
    ...store.apply({ type: 'cluster', resources: [cluster], removed: [] }),
    ...store.apply({ type: 'listener', resources: [listener], removed: [] }),
    ...store.apply({ type: 'route', resources: [route], removed: [] }),
  ];
  if (refused.length > 0) throw new Error(refused.map(({ reason }) => reason).join('; '));
  return store.tables;
}

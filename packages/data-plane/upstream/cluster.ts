import type { Socket } from 'node:net';
import { parseAuthority } from '@tulle/decision/authority';
import type { Callers } from '@tulle/decision/balance/zone-aware';
import type { Headers } from '@tulle/decision/headers';
import type { Random } from '@tulle/decision/match';
import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Endpoint } from '@tulle/decision/tables/endpoint';
import type { HealthCheck } from '@tulle/decision/tables/health-check';
import type { ConnectionAddresses } from '../net/addresses.ts';
import type { TimerWheel } from '../timers/wheel.ts';
import { Balancing } from './balancing.ts';
import { Breakers, type SharePermits } from './breakers.ts';
import type { Connector, Target } from './connector.ts';
import type { DnsCache } from './dns.ts';
import { DynamicEndpoints } from './dynamic-endpoints.ts';
import { EndpointState } from './endpoint.ts';
import { HealthChecker, type HealthSharing } from './health/health-checker.ts';
import { keepAlive } from './keepalive.ts';
import { type OutcomeSharing, OutlierDetector } from './outlier.ts';
import type { OwnListeners } from './own-address.ts';
import type { OpenClientCodec } from './pool/client-connection.ts';
import type { PoolCallbacks, PoolFailure } from './pool/lease.ts';
import { HttpPool } from './pool/pool.ts';
import { samePoolSettings } from './pool/settings.ts';
import { serverSpiffeId } from './server-identity.ts';
import { StrictDns } from './strict-dns.ts';
import { chooseTransport, prefaceFor } from './transport.ts';

/** What clusters share; one per proxy. */
export interface UpstreamContext {
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly connector: Connector;
  readonly openCodec: OpenClientCodec;
  readonly dns: DnsCache;
  readonly ownListeners: OwnListeners;
  /** Who calls: the proxy's own service, as far as some cluster's zones count. */
  readonly callers: () => Callers;
  /** In a worker among others: limits and failures count for all of them. */
  readonly share?: SharePermits;
  readonly outcomes?: (cluster: string) => OutcomeSharing;
  readonly health?: (cluster: string) => HealthSharing;
}

export interface PickContext {
  readonly hash?: number | undefined;
  /** The host and port that the request itself names: for clusters that have no endpoints of their own. */
  readonly destination?: string;
  /** Port when the destination names none. */
  readonly defaultPort?: number;
  /** Endpoints tried before, to be avoided within `attempts` choices. */
  readonly avoid?: ReadonlySet<EndpointState> | undefined;
  readonly attempts?: number;
  /** Priorities tried before, to be left while others will do. */
  readonly beyond?: ReadonlySet<number> | undefined;
}

/** Whose request a connection is for. */
export interface RequestOrigin {
  /** What it came by (`RequestHead.protocol`). */
  readonly protocol: string;
  /** Undefined: it is our own. */
  readonly connection: ConnectionAddresses | undefined;
}

export interface DialCallbacks {
  /** `peerUri`: as in `Lease`. */
  onConnected(socket: Socket, secured: boolean, peerUri: string): void;
  onFailed(failure: PoolFailure, detail: string): void;
}

/** A cluster while it is in use. */
export class ClusterState {
  config: Cluster;
  readonly breakers: { readonly default: Breakers; readonly high: Breakers };
  readonly outliers: OutlierDetector;
  /** Undefined: its endpoints are not asked. */
  health: HealthChecker | undefined = undefined;
  readonly #context: UpstreamContext;
  readonly #dynamic: DynamicEndpoints;
  #dns: StrictDns | undefined;
  readonly #balancing: Balancing;
  #endpoints = new Map<string, EndpointState>();
  #list: readonly EndpointState[] = [];
  #assigned: readonly Endpoint[] | undefined;
  #calledBy: Callers;

  constructor(config: Cluster, endpoints: readonly Endpoint[], context: UpstreamContext) {
    this.config = config;
    this.#context = context;
    this.breakers = { default: this.#newBreakers('default'), high: this.#newBreakers('high') };
    this.outliers = new OutlierDetector(
      context.wheel,
      () => this.#list,
      () => this.#balancing.rebuild(),
      context.outcomes?.(config.name),
    );
    this.outliers.configure(config.outlier);
    this.#calledBy = context.callers();
    this.#balancing = new Balancing(config, context.wheel, context.random, context.callers);
    this.#dynamic = new DynamicEndpoints(context.dns, context.ownListeners);
    this.#configureHealth(config.healthCheck);
    this.#assign(endpoints);
  }

  get endpoints(): readonly EndpointState[] {
    return this.config.discovery.kind === 'dynamic-forward-proxy' ? this.#dynamic.list : this.#list;
  }

  /** New configuration or endpoints; what did not change goes on as it is. */
  update(config: Cluster, endpoints: readonly Endpoint[]): void {
    const before = this.config;
    this.config = config;
    if (before !== config) {
      this.breakers.default.setLimits(config.breakers.default);
      this.breakers.high.setLimits(config.breakers.high);
      this.outliers.configure(config.outlier);
      this.#configureHealth(config.healthCheck);
      this.#balancing.configure(config);
      for (const endpoint of this.endpoints) this.#dropStalePools(endpoint, before);
    }
    const callers = this.#context.callers();
    const othersCall = callers !== this.#calledBy;
    this.#calledBy = callers;
    if (endpoints !== this.#assigned) this.#assign(endpoints);
    else if (othersCall && config.zoneAware !== undefined) this.#balancing.rebuild();
  }

  /** The cluster is gone: nothing new, what is under way ends by itself. */
  drain(): void {
    this.#dns?.stop();
    this.outliers.stop();
    this.health?.stop();
    this.#balancing.stop();
    for (const endpoint of this.endpoints) endpoint.drain();
    this.breakers.default.close();
    this.breakers.high.close();
  }

  destroy(): void {
    this.drain();
    for (const endpoint of this.endpoints) for (const pool of endpoint.pools.values()) pool.destroy();
  }

  /** What an answer's headers, or its trailers, say of the load of who gave it, where that counts. */
  takeLoadReport(endpoint: EndpointState, headers: Headers): void {
    if (this.#balancing.takesReports) this.#balancing.report(endpoint, headers);
  }

  /** The endpoint for a request. Undefined: none is fit. */
  pick(context: PickContext): EndpointState | undefined {
    const { kind } = this.config.discovery;
    if (kind === 'dynamic-forward-proxy' || kind === 'original-destination') {
      const named = context.destination === undefined ? undefined : parseAuthority(context.destination);
      return named === undefined
        ? undefined
        : this.#dynamic.get(named.host, named.port ?? context.defaultPort ?? 80);
    }
    let chosen = this.#balancing.pick(context.hash, context.beyond);
    for (let again = 1; again < (context.attempts ?? 1); again++) {
      if (chosen === undefined || context.avoid?.has(chosen) !== true) break;
      chosen = this.#balancing.pick(undefined, context.beyond);
    }
    return chosen;
  }

  /** Asks an endpoint's pool for a connection. */
  connect(
    endpoint: EndpointState,
    priority: 'default' | 'high',
    request: RequestOrigin,
    callbacks: PoolCallbacks,
  ): () => void {
    return this.#pool(endpoint, priority, request).request(callbacks);
  }

  /** Opens a connection of the caller's own: TCP proxying. Counted until its socket closes. */
  dial(
    endpoint: EndpointState,
    source: ConnectionAddresses | undefined,
    callbacks: DialCallbacks,
  ): () => void {
    const { connections } = this.breakers.default;
    const refuse = (): void => callbacks.onFailed('overflow', 'connections');
    if (connections.take()) return this.#dial(endpoint, source, callbacks);
    let cancel = connections.ask((taken) => {
      if (taken) cancel = this.#dial(endpoint, source, callbacks);
      else refuse();
    });
    if (cancel === undefined) refuse();
    return () => cancel?.();
  }

  /** With a permit in hand. */
  #dial(
    endpoint: EndpointState,
    source: ConnectionAddresses | undefined,
    callbacks: DialCallbacks,
  ): () => void {
    const { connections } = this.breakers.default;
    const transport = chooseTransport(this.config, endpoint.config);
    let connecting = true;
    const settle = (): void => {
      connecting = false;
    };
    const giveBack = (): void => {
      connections.release();
      this.#forgetUnused(endpoint);
    };
    const cancel = this.#context.connector(
      endpoint.target,
      transport.tls,
      this.config.connectTimeoutMs,
      {
        onConnected: (socket) => {
          settle();
          this.outliers.reached(endpoint, true);
          keepAlive(socket, this.config.tcpKeepalive);
          endpoint.counters.connectionsTotal++;
          endpoint.counters.connections++;
          socket.once('close', () => {
            endpoint.counters.connections--;
            giveBack();
          });
          const secured = transport.tls !== undefined;
          callbacks.onConnected(socket, secured, secured ? serverSpiffeId(socket) : '');
        },
        onFailed: (error, detail) => {
          settle();
          endpoint.counters.connectFailures++;
          giveBack();
          this.outliers.failed(endpoint, 503);
          callbacks.onFailed(error, detail);
        },
      },
      prefaceFor(transport, source),
    );
    return () => {
      if (!connecting) return;
      settle();
      cancel();
      giveBack();
    };
  }

  /** Counts work under way at an endpoint, for balancing. Returns what ends it. */
  hold(endpoint: EndpointState): () => void {
    endpoint.active++;
    return () => {
      endpoint.active--;
    };
  }

  #pool(endpoint: EndpointState, priority: 'default' | 'high', request: RequestOrigin): HttpPool {
    const { config } = this;
    let { protocol } = config;
    if (protocol === 'downstream') protocol = request.protocol === 'HTTP/2' ? 'http2' : 'http1';
    const transport = endpoint.transportOf(config);
    const kind = transport.pools[protocol];
    const preface = prefaceFor(transport, request.connection);
    let key = priority === 'default' ? kind.key : kind.highKey;
    if (preface !== undefined) key = `${key}/${preface.toString('latin1')}`;
    const known = endpoint.pools.get(key);
    if (known !== undefined) return known;
    const pool = new HttpPool({
      endpoint,
      tls: kind.tls,
      protocol,
      settings: config,
      breakers: this.breakers[priority],
      preface,
      connector: this.#context.connector,
      openCodec: this.#context.openCodec,
      wheel: this.#context.wheel,
      onEmpty: () => {
        if (endpoint.pools.get(key) === pool) endpoint.pools.delete(key);
        this.#forgetUnused(endpoint);
      },
    });
    endpoint.pools.set(key, pool);
    return pool;
  }

  /** An endpoint that a request named goes when nothing is connected to it. */
  #forgetUnused(endpoint: EndpointState): void {
    if (endpoint.pools.size === 0 && endpoint.counters.connections === 0) this.#dynamic.release(endpoint);
  }

  #newBreakers(priority: 'default' | 'high'): Breakers {
    const { share } = this.#context;
    const limits = this.config.breakers[priority];
    if (share === undefined) return new Breakers(limits);
    const breakers = new Breakers(limits, (name, gauge) =>
      share(`cluster ${this.config.name} ${priority} ${name}`, gauge),
    );
    breakers.retries.fetch();
    breakers.connections.onWanted = () => this.#closeIdle(breakers);
    return breakers;
  }

  /** False: every connection under these limits is in use. */
  #closeIdle(breakers: Breakers): boolean {
    for (const { pools } of this.endpoints)
      for (const pool of pools.values()) if (pool.breakers === breakers && pool.closeIdle()) return true;
    return false;
  }

  #configureHealth(check: HealthCheck | undefined): void {
    if (check === undefined) {
      if (this.health === undefined) return;
      this.health.stop();
      this.health = undefined;
      this.#balancing.rebuild();
      return;
    }
    if (this.health !== undefined) {
      this.health.configure(check);
      return;
    }
    const { wheel, random, connector, openCodec, health } = this.#context;
    this.health = new HealthChecker(check, {
      cluster: () => this.config,
      ...{ wheel, random, connector, openCodec },
      sharing: health?.(this.config.name),
      onPassed: (endpoint) => this.outliers.checkPassed(endpoint),
      onChange: () => this.#balancing.rebuild(),
    });
    this.health.update(this.#list);
  }

  #assign(endpoints: readonly Endpoint[]): void {
    this.#assigned = endpoints;
    const { discovery } = this.config;
    if (discovery.kind !== 'strict-dns') {
      this.#dns?.stop();
      this.#dns = undefined;
      this.#setEndpoints(endpoints);
      return;
    }
    this.#dns ??= new StrictDns(this.#context.dns, this.#context.wheel, (resolved) =>
      this.#setEndpoints(resolved),
    );
    this.#dns.watch(endpoints, discovery.refreshMs);
  }

  #setEndpoints(endpoints: readonly Endpoint[]): void {
    const before = this.#endpoints;
    const next = new Map<string, EndpointState>();
    for (const config of endpoints) {
      const fresh = new EndpointState(config, this.#target(config));
      const state = before.get(fresh.key) ?? fresh;
      if (state !== fresh) {
        const moved =
          chooseTransport(this.config, state.config).key !== chooseTransport(this.config, config).key;
        state.config = config;
        if (moved) drainPools(state);
      }
      next.set(fresh.key, state);
    }
    this.#endpoints = next;
    this.#list = [...next.values()];
    this.health?.update(this.#list);
    this.#balancing.rebuild(this.#list);
    for (const [key, state] of before) if (!next.has(key)) state.drain();
  }

  /** Undefined: the endpoint's own address. */
  #target({ address: host, port }: Endpoint): Target | undefined {
    const { discovery } = this.config;
    if (discovery.kind !== 'logical-dns') return undefined;
    return { host, port, lookup: this.#context.dns.lookup(() => undefined, discovery.refreshMs) };
  }

  /** Pools whose settings are no longer those of the cluster serve what they have and take nothing new. */
  #dropStalePools(endpoint: EndpointState, before: Cluster): void {
    const { config } = this;
    const moved =
      chooseTransport(before, endpoint.config).key !== chooseTransport(config, endpoint.config).key;
    if (moved || before.protocol !== config.protocol || !samePoolSettings(before, config))
      drainPools(endpoint);
  }
}

function drainPools(endpoint: EndpointState): void {
  const pools = [...endpoint.pools.values()];
  endpoint.pools.clear();
  for (const pool of pools) pool.drain();
}

import type { OpenBudget } from '@tulle/decision/limits/budgets';
import type { Random } from '@tulle/decision/match';
import type { HttpManager } from '@tulle/decision/tables/http-manager';
import type { Listener } from '@tulle/decision/tables/listener';
import type { Tables } from '@tulle/decision/tables/tables';
import type { ProxyMetadata } from '@tulle/xds/node';
import { LazyDns } from './dns/lazy-dns.ts';
import type { FilterEnvironment } from './filters/filter-kind.ts';
import { clusterCaller } from './grpc/cluster-call.ts';
import type { StreamContext, StreamLogger } from './http/manager.ts';
import { RouteStats } from './http/route-stats.ts';
import { limitEnvironment } from './limits/environment.ts';
import type { LimitMetrics } from './limits/limit-metrics.ts';
import type { OnRefused } from './listener/active-listener.ts';
import { bindFailure, type ListenerFailure } from './listener/bind-failure.ts';
import { ChainBuilder } from './listener/chain-builder.ts';
import type { ChainRuntime } from './listener/chain-runtime.ts';
import { ConnectionServer } from './listener/connection-server.ts';
import { ListenerSet } from './listener/listener-set.ts';
import { Outboxes } from './net/outbox.ts';
import type { SocketSource } from './net/socket-source.ts';
import { TlsClient } from './net/tls/client.ts';
import { TrustedConnections } from './net/tls/trusted-connections.ts';
import type { Gate } from './overload/gate.ts';
import { type IdentityMaterial, ProxySecrets } from './secrets.ts';
import type { TcpLogger, TcpObserver } from './tcp/tcp-proxy.ts';
import { IstioMetrics } from './telemetry/istio-metrics.ts';
import { MetricRegistry } from './telemetry/registry.ts';
import { TimerWheel } from './timers/wheel.ts';
import type { SharePermits } from './upstream/breakers.ts';
import { ClusterManager } from './upstream/cluster-manager.ts';
import { createConnector } from './upstream/connector.ts';
import { DnsCache, type Resolve } from './upstream/dns.ts';
import type { HealthSharing } from './upstream/health/health-checker.ts';
import type { OutcomeSharing } from './upstream/outlier.ts';
import { createOpenCodec } from './upstream/pool/open-codec.ts';

export interface EngineParts {
  readonly node: { readonly id: string; readonly metadata: ProxyMetadata };
  readonly trustDomain: string;
  readonly role: 'sidecar' | 'router';
  /** Our own SPIFFE ID. */
  readonly uri?: string;
  readonly wheel?: TimerWheel;
  readonly random?: Random;
  readonly wallNow?: () => number;
  readonly resolve?: Resolve;
  readonly observe?: Observers;
  /** Who may come in at all; everybody by default. */
  readonly gate?: Gate;
  /** What this process shares with other workers of the proxy. */
  readonly workers?: WorkerSharing;
  readonly onRefused?: OnRefused;
}

/** A worker's part in its proxy: sockets of the parent; limits, failures and health that count for all workers. */
export interface WorkerSharing {
  readonly sockets: SocketSource;
  readonly share?: SharePermits;
  /** Rate limits' buckets that are the whole proxy's. */
  readonly openBudget?: OpenBudget;
  /** How many workers the proxy has now, this one too. */
  readonly count?: () => number;
  readonly outcomes?: (cluster: string) => OutcomeSharing;
  readonly health?: (cluster: string) => HealthSharing;
}

/** What watches traffic: access logs and metrics. Absent parts cost nothing. */
export interface Observers {
  readonly metrics?: IstioMetrics;
  readonly limits?: LimitMetrics;
  readonly httpLoggers?: (manager: HttpManager) => readonly StreamLogger[];
  readonly tcpLoggers?: (chain: ChainRuntime) => readonly TcpLogger[];
  readonly tcp?: TcpObserver;
}

/**
 * The part of a proxy that carries traffic: tables in, sockets out. It knows neither control plane nor
 * process; tests and the agent drive it directly.
 */
export class Engine {
  readonly wheel: TimerWheel;
  readonly clusters: ClusterManager;
  readonly listeners: ListenerSet;
  readonly chains: ChainBuilder;
  readonly routeStats = new RouteStats();
  readonly dns: LazyDns;
  readonly secrets = new ProxySecrets();
  readonly trusted: TrustedConnections;
  readonly tls: TlsClient;
  tables: Tables | undefined = undefined;
  #draining = false;

  constructor(parts: EngineParts) {
    this.wheel = parts.wheel ?? new TimerWheel();
    this.dns = new LazyDns(this.wheel);
    const random = parts.random ?? Math.random;
    const wallNow = parts.wallNow ?? Date.now;
    const outboxes = new Outboxes();
    const { gate, workers } = parts;
    this.trusted = new TrustedConnections(this.secrets, this.wheel);
    this.tls = new TlsClient(this.secrets, { trusted: this.trusted, wallNow });
    this.clusters = new ClusterManager({
      wheel: this.wheel,
      random,
      connector: createConnector(this.wheel, this.tls.start),
      openCodec: createOpenCodec(this.wheel, outboxes),
      dns: new DnsCache({
        now: () => this.wheel.now(),
        timers: this.wheel,
        ...(parts.resolve === undefined ? {} : { resolve: parts.resolve }),
      }),
      ownListeners: () => this.#ownListeners(),
      locality: parts.node.metadata.TULLE_LOCALITY ?? '',
      ...workers,
    });
    const context: StreamContext = {
      clusters: this.clusters,
      wheel: this.wheel,
      routeStats: this.routeStats,
      random,
      wallNow,
      draining: () => this.#draining,
      refusing: () => gate?.refusesRequests === true,
    };
    const { node, trustDomain, role, observe } = parts;
    const metrics = observe?.metrics ?? new IstioMetrics(new MetricRegistry());
    const callCluster = clusterCaller(() => this.clusters, this.wheel);
    const limits = limitEnvironment(this.wheel, workers?.openBudget, observe?.limits, workers?.count);
    const environment = (listener: Listener): FilterEnvironment => ({
      node,
      trustDomain,
      role,
      uri: parts.uri ?? '',
      metrics,
      wheel: context.wheel,
      random: context.random,
      limits,
      callCluster,
      direction: listener.direction,
    });
    this.chains = new ChainBuilder({ context, environment, loggers: observe?.httpLoggers ?? (() => []) });
    this.listeners = new ListenerSet({
      server: new ConnectionServer({
        context,
        outboxes,
        pacers: limits.pacers,
        entrance: { ...workers, ...(gate === undefined ? {} : { gate }) },
        tcpLoggers: observe?.tcpLoggers ?? (() => []),
        ...(observe?.tcp === undefined ? {} : { tcpObserver: observe.tcp }),
      }),
      builder: this.chains,
      secrets: this.secrets,
      trusted: this.trusted,
      localUri: () => parts.uri,
      ...(parts.onRefused === undefined ? {} : { onRefused: parts.onRefused }),
    });
  }

  /** Takes tables into use in one turn; resolves when new listeners are bound, with those that could not be. */
  async apply(tables: Tables): Promise<readonly ListenerFailure[]> {
    this.tables = tables;
    this.secrets.setTables(tables.secrets);
    // Clusters first: a route never points at one that is not there.
    this.clusters.update(tables);
    const bound = this.listeners.update(tables);
    const answering = this.dns.update(tables);
    this.trusted.review();
    const mute = (await answering).map(({ config, error }) => bindFailure(config, error));
    return [...(await bound), ...mute];
  }

  /** A new SVID: connections from here on show it, those that are open live on. */
  setIdentity(material: IdentityMaterial): void {
    this.secrets.setIdentity(material);
    this.listeners.updateSecrets();
    this.trusted.review();
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** From here on responses ask their clients to close. */
  startDraining(): void {
    this.#draining = true;
  }

  /** Ends everything now. */
  destroy(): void {
    this.listeners.destroy();
    this.dns.close();
    this.clusters.destroy();
  }

  *#ownListeners(): Iterable<{ readonly address: string; readonly port: number }> {
    for (const { config, port } of this.listeners.active) {
      // What comes in for the application may be called from here like any other address.
      if (config.direction !== 'inbound' && config.unbound !== true) yield { address: config.address, port };
    }
  }
}

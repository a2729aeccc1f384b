import type { Budget } from '@tulle/decision/limits/budgets';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import type { TokenBucketSettings } from '@tulle/decision/tables/rate-limit';
import type { Tables } from '@tulle/decision/tables/tables';
import type { ProxyMetadata } from '@tulle/xds/node';
import { encode } from '@tulle/xds/wire';
import type { Stage } from '../filters/chain.ts';
import type { CallCluster } from '../grpc/cluster-call.ts';
import { ManagerRuntime, type StreamContext } from '../http/manager.ts';
import type { RequestTrace } from '../http/request-trace.ts';
import { RouteStats } from '../http/route-stats.ts';
import type { RequestHead } from '../http/stream.ts';
import { limitEnvironment } from '../limits/environment.ts';
import { ChainBuilder } from '../listener/chain-builder.ts';
import type { ChainService } from '../listener/chain-runtime.ts';
import { Outboxes } from '../net/outbox.ts';
import { IstioMetrics } from '../telemetry/istio-metrics.ts';
import { MetricRegistry } from '../telemetry/registry.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { ClusterManager } from '../upstream/cluster-manager.ts';
import { DnsCache } from '../upstream/dns.ts';
import { DryClock } from './dry-clock.ts';

/** Whose proxy it is. */
export interface DryNode {
  readonly id: string;
  readonly role: 'sidecar' | 'router';
  readonly metadata: ProxyMetadata;
  readonly trustDomain: string;
  /** Its SPIFFE ID. */
  readonly uri: string;
}

/**
 * The part of a proxy that decides, of one epoch: as an Engine has it, but nothing is bound, nothing connects and
 * no time passes. Draws of chance are 0: `worlds.ts` goes through what else they could be.
 */
export class DryProxy {
  readonly tables: Tables;
  readonly node: DryNode;
  readonly clock = new DryClock();
  readonly outboxes = new Outboxes();
  readonly context: StreamContext;
  /** Filters that the request at hand has come to, in order. */
  visits: FilterVisit[] = [];
  /** In [0, 1); 0 unless somebody tries what else it could be. */
  draw: () => number = () => 0;
  /** How one of the limits that count a request is, in their order: what came before is not known. The others let it pass. */
  limited: { readonly at: number; readonly state: LimitState } | undefined = undefined;
  /** How many limits have counted the request at hand. */
  counted = 0;
  readonly #builder: ChainBuilder;
  readonly #services = new WeakMap<FilterChain, ChainService>();

  /**
   * @param trace hears how routes are found
   * @param wallNow what tokens are held against, in milliseconds since 1970
   */
  constructor(tables: Tables, node: DryNode, trace: RequestTrace, wallNow: () => number) {
    this.tables = tables;
    this.node = node;
    const wheel = new TimerWheel({ clock: this.clock });
    const random = (): number => this.draw();
    const clusters = new ClusterManager({
      wheel,
      random,
      connector: () => () => {},
      openCodec: () => {
        throw new Error('a dry proxy has no connections');
      },
      dns: new DnsCache({ now: () => wheel.now(), resolve: () => {} }),
      ownListeners: () => ownListeners(tables),
      locality: node.metadata.TULLE_LOCALITY ?? '',
    });
    clusters.update(unchecked(tables));
    this.context = {
      clusters,
      wheel,
      routeStats: new RouteStats(),
      random,
      wallNow,
      draining: () => false,
      refusing: () => false,
      trace,
    };
    const metrics = new IstioMetrics(new MetricRegistry());
    const limits = limitEnvironment(wheel, (_name, settings) => this.#bucket(settings));
    const { role, metadata, trustDomain, uri, id } = node;
    this.#builder = new ChainBuilder({
      context: this.context,
      environment: ({ direction }) => ({
        direction,
        role,
        node: { id, metadata },
        trustDomain,
        uri,
        metrics,
        wheel,
        random,
        limits,
        callCluster: this.#countedElsewhere,
      }),
      loggers: () => [],
    });
  }

  /** What serves a chain; made once. */
  serviceOf(chain: FilterChain, listener: Listener): ChainService {
    let service = this.#services.get(chain);
    if (service === undefined) {
      service = this.#watched(this.#builder.build(chain, listener, this.tables, undefined));
      this.#services.set(chain, service);
    }
    return service;
  }

  #bucket({ maxTokens, tokensPerFill, fillIntervalMs }: TokenBucketSettings): Budget {
    const rate = tokensPerFill / fillIntervalMs;
    let isEmpty = false;
    return {
      maxTokens,
      rate,
      take: () => {
        isEmpty = this.#count() === 'used-up';
        return !isEmpty;
      },
      left: () => (isEmpty ? 0 : maxTokens),
      wait: () => (isEmpty ? 1 / rate : 0),
    };
  }

  /** One more limit counts the request. @returns how it is, unless it lets it pass */
  #count(): LimitState | undefined {
    return this.counted++ === this.limited?.at ? this.limited.state : undefined;
  }

  /** The service that counts for all proxies is not asked; where there is none, that is known. */
  readonly #countedElsewhere: CallCluster = (cluster, _path, _message, _timeoutMs, onAnswer) => {
    const isThere = this.context.clusters.get(cluster)?.pick({ destination: '' }) !== undefined;
    const state = isThere ? this.#count() : 'unanswered';
    if (state === 'unanswered') onAnswer(undefined, 'no healthy endpoint');
    else {
      const overallCode = state === 'used-up' ? 'OVER_LIMIT' : 'OK';
      onAnswer(encode('envoy.service.ratelimit.v3.RateLimitResponse', { overallCode }), '');
    }
    return () => {};
  };

  /** Its filters tell when a request comes to them. */
  #watched(service: ChainService): ChainService {
    if (service.kind === 'tcp') return service;
    const { manager } = service;
    const decode = manager.chain.decode.map((stage) => this.#watch(stage));
    return { kind: 'http', manager: new ManagerRuntime({ ...manager, chain: { ...manager.chain, decode } }) };
  }

  #watch(stage: Stage<RequestHead>): Stage<RequestHead> {
    const { head } = stage;
    if (head === undefined) return stage;
    return {
      ...stage,
      head: (request, end, stream, state) => {
        const before = this.visits.length;
        this.visits.push({ name: stage.name, answered: false });
        const status = head(request, end, stream, state);
        if (stream.response !== undefined && this.visits.length === before + 1)
          this.visits[before] = { name: stage.name, answered: true };
        return status;
      },
    };
  }
}

/** Nothing is left of it, or the service that counts does not answer. */
export type LimitState = 'used-up' | 'unanswered';

export interface FilterVisit {
  /** The filter's, in its manager. */
  readonly name: string;
  /** It has answered the request itself. */
  readonly answered: boolean;
}

/**
 * Without active health checks: nobody can be asked here, and who has not been asked gets no requests. What a running
 * proxy's checks have found is in the health of its endpoints already.
 */
function unchecked(tables: Tables): Tables {
  const clusters = new Map(tables.clusters);
  for (const [name, { healthCheck, ...cluster }] of clusters)
    if (healthCheck !== undefined) clusters.set(name, cluster);
  return { ...tables, clusters };
}

function* ownListeners(tables: Tables): Iterable<{ readonly address: string; readonly port: number }> {
  for (const { direction, unbound, address, port } of tables.listeners.values())
    if (direction !== 'inbound' && unbound !== true) yield { address, port };
}

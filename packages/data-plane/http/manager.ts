import { type Random, RouteMatcher } from '@tulle/decision/match';
import type { HttpManager } from '@tulle/decision/tables/http-manager';
import type { RouteTable } from '@tulle/decision/tables/route';
import type { HttpFilterChain } from '../filters/chain.ts';
import type { TimerWheel } from '../timers/wheel.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import { Edge } from './edge/edge.ts';
import type { RequestTrace } from './request-trace.ts';
import type { RouteStats } from './route-stats.ts';
import type { RequestHead, ResponseHead } from './stream.ts';
import type { StreamInfo } from './stream-info.ts';

/** What streams use of their proxy. */
export interface StreamContext {
  readonly clusters: ClusterManager;
  readonly wheel: TimerWheel;
  readonly routeStats: RouteStats;
  readonly random: Random;
  /** Milliseconds since the epoch. */
  readonly wallNow: () => number;
  /** Responses ask their clients to close. */
  readonly draining: () => boolean;
  /** Memory is short: new requests are answered 503. */
  readonly refusing: () => boolean;
  readonly trace?: RequestTrace;
}

/** Writes a line for each stream that ends. */
export type StreamLogger = (
  info: StreamInfo,
  request: RequestHead,
  response: ResponseHead | undefined,
) => void;

/** Matchers of an epoch's shared route tables, made once per table. */
export class RouteMatchers {
  readonly #known = new WeakMap<RouteTable, RouteMatcher>();

  /** @param before the matcher in its place so far */
  get(table: RouteTable, before: RouteMatcher | undefined): RouteMatcher {
    let matcher = this.#known.get(table);
    if (matcher === undefined) {
      matcher = new RouteMatcher(table, before);
      this.#known.set(table, matcher);
    }
    return matcher;
  }
}

/**
 * One HTTP connection manager of one epoch, ready to serve: filters compiled, routes found. A connection
 * asks for the current one at each request, so new routes reach connections that are open.
 */
export class ManagerRuntime {
  readonly config: HttpManager;
  readonly edge: Edge;
  readonly chain: HttpFilterChain;
  /** Undefined: its route table has never come. */
  readonly matcher: RouteMatcher | undefined;
  readonly context: StreamContext;
  readonly loggers: readonly StreamLogger[];
  /** Streams open now, and all that ever were: shared over epochs. */
  readonly counters: ManagerCounters;

  constructor(parts: {
    readonly config: HttpManager;
    readonly chain: HttpFilterChain;
    readonly matcher: RouteMatcher | undefined;
    readonly context: StreamContext;
    readonly loggers: readonly StreamLogger[];
    readonly counters: ManagerCounters;
  }) {
    this.config = parts.config;
    this.edge = new Edge(parts.config.edge);
    this.chain = parts.chain;
    this.matcher = parts.matcher;
    this.context = parts.context;
    this.loggers = parts.loggers;
    this.counters = parts.counters;
  }
}

/** As Envoy's `http.<stat_prefix>.downstream_rq_…`. */
export class ManagerCounters {
  active = 0;
  total = 0;
  /** By hundreds of the status, 1 to 5. */
  readonly classes = [0, 0, 0, 0, 0, 0];
  resets = 0;
  timeouts = 0;
  /** Connections that have carried requests, by what they speak. */
  http1Connections = 0;
  http2Connections = 0;
}

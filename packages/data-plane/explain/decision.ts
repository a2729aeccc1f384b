import type { DynamicMetadata } from '@tulle/decision/dynamic-metadata';
import type { Headers } from '@tulle/decision/headers';
import type { Miss, RouteChoice } from '@tulle/decision/match';
import type { FilterChain } from '@tulle/decision/tables/listener';
import type { Route, RouteTable, VirtualHost } from '@tulle/decision/tables/route';
import type { ForwardLimits } from '../http/request-trace.ts';
import type { RequestHead } from '../http/stream.ts';
import type { StreamInfo } from '../http/stream-info.ts';
import type { ChainStep } from '../net/filter-chain.ts';
import type { FilterVisit } from './dry-proxy.ts';
import type { Entrance } from './entrance.ts';

/** All that a proxy decides about one call. */
export interface Decision {
  readonly entrance: Entrance;
  /** Every chain of the listener that was ruled out, and by what. */
  readonly ruledOut: readonly RuledOut[];
  /** Undefined: the connection is refused. */
  readonly chain: FilterChain | undefined;
  /** HTTP only. */
  readonly routing: Routing | undefined;
  /** One for each way that chance can go, the likeliest first; shares add up to 1. None: the connection is closed. */
  readonly outcomes: readonly Outcome[];
  /** What becomes of the likeliest when a limit that counts it is used up or is not answered, in the order of the limits. */
  readonly limited: readonly Outcome[];
}

export interface RuledOut {
  readonly chain: FilterChain;
  readonly step: ChainStep;
  /** It matches there, but another chain is more specific. */
  readonly matches: boolean;
}

export interface Routing {
  /** Undefined: it has never come. */
  readonly table: RouteTable | undefined;
  /** Undefined: no domain claims the authority. */
  readonly virtualHost: VirtualHost | undefined;
  /** In order; the last one matched where there is a choice. */
  readonly tried: readonly { readonly route: Route; readonly miss: Miss | undefined }[];
  readonly choice: RouteChoice | undefined;
  /** What was looked for: paths and hosts are put right first. Undefined: no route was asked for. */
  readonly asked: Asked | undefined;
  /** Undefined: it is not forwarded. */
  readonly limits: ForwardLimits | undefined;
  /** The tunnel that a CONNECT opens, rather than a request. */
  readonly tunnel: boolean;
}

export interface Asked {
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  /** What filters had learnt of it by then. */
  readonly metadata?: DynamicMetadata;
}

export interface Outcome {
  readonly share: number;
  /** What happened by chance, in words. */
  readonly by: readonly string[];
  /** Route, cluster, an endpoint, flags and details, as the access log would have them. */
  readonly info: StreamInfo;
  /** The proxy's own answer; undefined: the endpoint's. */
  readonly reply:
    | { readonly status: number; readonly headers: ReadonlyMap<string, string>; readonly body: string }
    | undefined;
  /** As the endpoint would get it; of requests that are forwarded. */
  readonly request: RequestHead | undefined;
  /** What the client gets of an endpoint's answer with these fields; undefined: it gets none, or no HTTP. */
  readonly answered: (fields: Headers) => Headers | undefined;
  /** How long filters hold it up, in milliseconds. */
  readonly delayMs: number;
  /** The HTTP filters that it comes to, in order. */
  readonly visits: readonly FilterVisit[];
  /** Decides it once more, with draws of its own: where it would go this time. `address:port`, or empty. */
  readonly again: () => string;
}

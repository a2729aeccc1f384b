import type { HeaderMutation } from './header-mutation.ts';
import type { MetadataMatch } from './metadata-match.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { RouteAction } from './route-action.ts';
import type { StringMatcher } from './string-matcher.ts';

export interface RouteTable {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHost[];
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  /** Match domains against the authority without its port (Envoy: ignore_port_in_host_matching). */
  readonly ignorePort?: boolean;
  /** Virtual hosts come by themselves, too (VHDS). */
  readonly discoversHosts?: boolean;
}

export interface VirtualHost {
  readonly name: string;
  /** Exact, `*.suffix`, `prefix.*` or `*`; matched against the authority, lower case. */
  readonly domains: readonly string[];
  readonly routes: readonly Route[];
  readonly retry?: RetryPolicy;
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  /** Adds x-envoy-attempt-count to requests. */
  readonly includeAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
}

export interface Route {
  readonly name: string;
  /** Requests are counted under this name too. */
  readonly statPrefix?: string;
  readonly match: RouteMatch;
  readonly action: RouteAction;
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  /** Per-filter configuration by filter name. */
  readonly perFilter: ReadonlyMap<string, unknown>;
}

export interface RouteMatch {
  readonly path:
    | { readonly kind: 'prefix'; readonly value: string; readonly ignoreCase: boolean }
    | { readonly kind: 'exact'; readonly value: string; readonly ignoreCase: boolean }
    /** On a segment's boundary (Gateway API's PathPrefix). */
    | { readonly kind: 'path-separated-prefix'; readonly value: string; readonly ignoreCase: boolean }
    | { readonly kind: 'regex'; readonly test: StringMatcher }
    /** CONNECT requests only. */
    | { readonly kind: 'connect' };
  readonly headers: readonly HeaderMatch[];
  readonly query: readonly QueryMatch[];
  /** What filters have learnt of the request: claims of its token. */
  readonly metadata?: readonly MetadataMatch[];
  /** Fraction of requests in millionths; undefined: all. */
  readonly fraction?: number;
}

/** `:method`, `:authority`, `:path` and `:scheme` name the pseudo-fields. */
export interface HeaderMatch {
  readonly name: string;
  readonly invert: boolean;
  readonly treatMissingAsEmpty: boolean;
  readonly test:
    | { readonly kind: 'present'; readonly present: boolean }
    | { readonly kind: 'value'; readonly test: StringMatcher };
}

export interface QueryMatch {
  readonly name: string;
  /** Undefined: presence is enough. */
  readonly test?: StringMatcher;
}

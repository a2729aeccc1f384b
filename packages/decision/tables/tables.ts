/**
 * The runtime tables: what xDS resources become in a proxy, decoded once in `data-plane/config/` into our
 * own types. Immutable. All durations are milliseconds, all sizes bytes, all names as in xDS.
 *
 * Patterns are already compiled (`StringMatcher`), so that nothing is prepared per request.
 */
import type { Cluster } from './cluster.ts';
import type { Caller, Endpoint } from './endpoint.ts';
import type { Listener } from './listener.ts';
import type { RouteTable } from './route.ts';
import type { SecretTable } from './secret.ts';

/** One configuration epoch of a proxy; replaced by one assignment. */
export interface Tables {
  readonly epoch: number;
  readonly listeners: ReadonlyMap<string, Listener>;
  readonly routes: ReadonlyMap<string, RouteTable>;
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** By EDS service name. */
  readonly endpoints: ReadonlyMap<string, readonly Endpoint[]>;
  readonly secrets: ReadonlyMap<string, SecretTable>;
  /** Who may call, for connections that carry no metadata; a proxy without TCP ports has none. */
  readonly workloads: ReadonlyMap<string, Caller>;
}

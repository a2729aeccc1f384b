import type { Callers } from '@tulle/decision/balance/zone-aware';
import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Endpoint } from '@tulle/decision/tables/endpoint';
import type { Tables } from '@tulle/decision/tables/tables';
import { localCluster } from '@tulle/xds/resource';
import { isLimited } from './breakers.ts';
import { ClusterState, type UpstreamContext } from './cluster.ts';

const none: readonly Endpoint[] = [];
const nothing: Pick<Tables, 'clusters' | 'endpoints'> = { clusters: new Map(), endpoints: new Map() };

export interface Surroundings extends Omit<UpstreamContext, 'callers'> {
  /** Where the proxy is: `region/zone/subzone`, or empty. */
  readonly locality: string;
}

/**
 * All clusters of a proxy. `update` with each epoch of the tables.
 *
 * A cluster has a state from its first request on: a sidecar that sees a thousand services calls a few. Only what has
 * something to do before that (`startsAtOnce`) is made with its tables.
 */
export class ClusterManager {
  readonly #context: UpstreamContext;
  #callers: Callers;
  #assignedCallers: readonly Endpoint[] = none;
  #tables: Pick<Tables, 'clusters' | 'endpoints'> = nothing;
  #clusters = new Map<string, ClusterState>();

  constructor({ locality, ...context }: Surroundings) {
    this.#context = { ...context, callers: () => this.#callers };
    this.#callers = { locality, instances: [] };
  }

  get(name: string): ClusterState | undefined {
    return this.#clusters.get(name) ?? this.#begin(name);
  }

  /** Those that have a state. */
  get clusters(): Iterable<ClusterState> {
    return this.#clusters.values();
  }

  /** All of the tables, for those who look: one that has no state yet as it would begin. */
  *all(): Iterable<ClusterState> {
    const { share: _share, outcomes: _outcomes, ...alone } = this.#context;
    for (const [name, config] of this.#tables.clusters)
      yield this.#clusters.get(name) ?? new ClusterState(config, endpointsOf(config, this.#tables), alone);
  }

  /** Carries over what stays, drains what is gone. */
  update(tables: Pick<Tables, 'clusters' | 'endpoints'>): void {
    const before = this.#clusters;
    this.#tables = tables;
    this.#setCallers(tables.endpoints.get(localCluster) ?? none);
    this.#clusters = new Map();
    for (const [name, state] of before) {
      const config = tables.clusters.get(name);
      // Another kind of discovery is another cluster.
      if (config === undefined || config.discovery.kind !== state.config.discovery.kind) state.drain();
      else {
        state.update(config, endpointsOf(config, tables));
        this.#clusters.set(name, state);
      }
    }
    const shares = this.#context.share !== undefined;
    for (const [name, config] of tables.clusters)
      if (!this.#clusters.has(name) && startsAtOnce(config, shares)) this.#begin(name);
  }

  #setCallers(endpoints: readonly Endpoint[]): void {
    if (endpoints === this.#assignedCallers) return;
    this.#assignedCallers = endpoints;
    const instances = endpoints.map(({ locality, health }) => ({ locality, healthy: health === 'healthy' }));
    this.#callers = { ...this.#callers, instances };
  }

  #begin(name: string): ClusterState | undefined {
    const config = this.#tables.clusters.get(name);
    if (config === undefined) return undefined;
    const state = new ClusterState(config, endpointsOf(config, this.#tables), this.#context);
    this.#clusters.set(name, state);
    return state;
  }

  /** Ends every connection. */
  destroy(): void {
    for (const cluster of this.#clusters.values()) cluster.destroy();
    this.#clusters = new Map();
    this.#tables = nothing;
  }
}

/**
 * Endpoints are checked, names resolved and newcomers told from the others before anybody asks for them; limits are
 * shared with other workers before they are reached.
 */
function startsAtOnce({ healthCheck, discovery, balancer, breakers }: Cluster, shares: boolean): boolean {
  return (
    healthCheck !== undefined ||
    discovery.kind === 'strict-dns' ||
    ('warmUp' in balancer && balancer.warmUp !== undefined) ||
    (shares && [breakers.default, breakers.high].some(isLimited))
  );
}

function endpointsOf(cluster: Cluster, tables: Pick<Tables, 'endpoints'>): readonly Endpoint[] {
  const { discovery } = cluster;
  switch (discovery.kind) {
    case 'eds':
      return tables.endpoints.get(discovery.name) ?? none;
    case 'static':
    case 'strict-dns':
    case 'logical-dns':
      return discovery.endpoints;
    case 'dynamic-forward-proxy':
    case 'original-destination':
      return none;
  }
}

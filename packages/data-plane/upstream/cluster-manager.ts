import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Endpoint } from '@tulle/decision/tables/endpoint';
import type { Tables } from '@tulle/decision/tables/tables';
import { ClusterState, type UpstreamContext } from './cluster.ts';

const none: readonly Endpoint[] = [];

/** All clusters of a proxy. `update` with each epoch of the tables. */
export class ClusterManager {
  readonly #context: UpstreamContext;
  #clusters = new Map<string, ClusterState>();

  constructor(context: UpstreamContext) {
    this.#context = context;
  }

  get(name: string): ClusterState | undefined {
    return this.#clusters.get(name);
  }

  get clusters(): Iterable<ClusterState> {
    return this.#clusters.values();
  }

  /** Carries over what stays, drains what is gone. */
  update(tables: Pick<Tables, 'clusters' | 'endpoints'>): void {
    const before = this.#clusters;
    const next = new Map<string, ClusterState>();
    for (const [name, config] of tables.clusters) {
      const endpoints = endpointsOf(config, tables);
      const known = before.get(name);
      // Another kind of discovery is another cluster.
      if (known !== undefined && known.config.discovery.kind === config.discovery.kind) {
        known.update(config, endpoints);
        next.set(name, known);
      } else next.set(name, new ClusterState(config, endpoints, this.#context));
    }
    this.#clusters = next;
    for (const [name, state] of before) if (next.get(name) !== state) state.drain();
  }

  /** Ends every connection. */
  destroy(): void {
    for (const cluster of this.#clusters.values()) cluster.destroy();
    this.#clusters = new Map();
  }
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

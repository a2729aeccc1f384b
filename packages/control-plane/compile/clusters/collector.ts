import type { Origin } from '@tulle/xds/resource';
import type { Note } from '../note.ts';
import type { ClusterRef } from './cluster-ref.ts';

/** What comes along while routes and listeners are made: clusters that they use, sources, notes. */
export class Collector {
  /** By name. */
  readonly clusters = new Map<string, ClusterRef>();
  readonly origins: Origin[] = [];
  readonly notes: Note[] = [];

  /** Remembers that the cluster is needed; returns its name. */
  use(cluster: ClusterRef): string {
    this.clusters.set(cluster.name, cluster);
    return cluster.name;
  }

  include(other: Collector): void {
    for (const cluster of other.clusters.values()) this.clusters.set(cluster.name, cluster);
    this.origins.push(...other.origins);
    this.notes.push(...other.notes);
  }
}

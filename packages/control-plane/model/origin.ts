import type { ObjectMeta, Resource } from '@tulle/resources/kind';
import type { Origin } from '@tulle/xds/resource';

/** The namespace whose policies hold for the whole mesh and where the mesh's own workloads live. */
export const rootNamespace = 'tulle-system';

/** With Istio's own, whose policies hold for the whole mesh too, so that files written for Istio do: ours come first. */
export const rootNamespaces: readonly string[] = [rootNamespace, 'istio-system'];

/** Names a user's resource, and the field of it at `path`, as the source of something compiled. */
export function originOf(resource: Resource, path = ''): Origin {
  const { name, namespace = '', generation = 0 } = resource.metadata;
  return { kind: resource.kind, namespace, name, generation, path };
}

/** The same resource, another field. */
export function at(origin: Origin, path: string): Origin {
  return { ...origin, path };
}

/** `kind/namespace/name`: how problems, notes and the origin index name a resource. */
export function resourceKey(origin: { kind: string; namespace: string; name: string }): string {
  return `${origin.kind}/${origin.namespace}/${origin.name}`;
}

/** What decides who wins between two resources: the older, then the namespace and name. Istio's order. */
export interface Seniority {
  readonly created: string;
  readonly namespace: string;
  readonly name: string;
}

export function seniorityOf(metadata: ObjectMeta): Seniority {
  return {
    created: metadata.creationTimestamp ?? '',
    namespace: metadata.namespace ?? '',
    name: metadata.name,
  };
}

/** Sorts the oldest first; resources of one time by name, then by namespace. */
export function bySeniority(a: Seniority, b: Seniority): number {
  return compare(a.created, b.created) || compare(a.name, b.name) || compare(a.namespace, b.namespace);
}

/** Order by code unit: the same on every machine, unlike localeCompare. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * How the lists of the core kinds merge under a strategic merge patch: objects by this key, scalars as a
 * set. Every other list is replaced. From the patchMergeKey and patchStrategy tags of the Kubernetes API
 * (1.34), by `Kind` and path.
 */
export type ListStrategy = { readonly key: string } | 'set';

const metadata: Readonly<Record<string, ListStrategy>> = {
  'metadata.finalizers': 'set',
  'metadata.ownerReferences': { key: 'uid' },
};

const byKind: Readonly<Record<string, Readonly<Record<string, ListStrategy>>>> = {
  Namespace: { 'status.conditions': { key: 'type' } },
  Service: { 'spec.ports': { key: 'port' }, 'status.conditions': { key: 'type' } },
  ServiceAccount: { secrets: { key: 'name' } },
};

export const listStrategyOf = (kind: string, path: string): ListStrategy | undefined =>
  metadata[path] ?? byKind[kind]?.[path];

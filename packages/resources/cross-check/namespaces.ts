import { error, type Finding } from '../finding.ts';
import { nearestName } from '../nearest.ts';
import type { ResourceSet } from './resource-set.ts';

/** What every mesh has. */
const builtIn = ['default', 'tulle-system', 'istio-system'];

/** Resources of a whole mesh are in namespaces that it has: the API refuses others, and then some are written and some not. */
export function namespaces(set: ResourceSet, report: (index: number, finding: Finding) => void): void {
  // A file of routes may be for a mesh that has the namespace.
  if (!set.all.some(({ resource }) => resource.kind === 'Mesh')) return;
  const known = new Set([
    ...builtIn,
    ...set.all.flatMap(({ resource: { kind, metadata } }) => (kind === 'Namespace' ? [metadata.name] : [])),
  ]);
  for (const { index, resource } of set.all) {
    const { namespace } = resource.metadata;
    if (!namespace || known.has(namespace)) continue;
    const near = nearestName(namespace, known);
    const advice = near === undefined ? 'add one' : `did you mean ${near}?`;
    report(
      index,
      error('unknown-namespace', ['metadata', 'namespace'], `no Namespace ${namespace} here; ${advice}`),
    );
  }
}

import { error, type Finding } from '../finding.ts';
import { findKind } from '../kinds.ts';
import type { ResourceSet } from './resource-set.ts';

/** The same name twice, and more than one Mesh. */
export function duplicates(set: ResourceSet, report: (index: number, finding: Finding) => void): void {
  const seen = new Set<string>();
  let mesh: string | undefined;
  for (const { index, namespace, resource } of set.all) {
    const kind = findKind(resource.apiVersion, resource.kind);
    const name =
      kind?.namespaced === false ? resource.metadata.name : `${namespace}/${resource.metadata.name}`;
    const key = `${kind?.group} ${resource.kind} ${name}`;
    if (seen.has(key))
      report(index, error('duplicate', ['metadata', 'name'], `${resource.kind} ${name} is defined twice`));
    else if (resource.kind === 'Mesh') {
      if (mesh !== undefined)
        report(
          index,
          error(
            'duplicate',
            ['metadata', 'name'],
            `there is one Mesh in a mesh, and ${mesh} is defined before`,
          ),
        );
      mesh ??= resource.metadata.name;
    }
    seen.add(key);
  }
}

import { isDeepStrictEqual } from 'node:util';
import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { kinds } from '@tulle/resources/kinds';
import { ApiError } from '../../api/api-error.ts';
import type { ApiClient } from '../../api/client.ts';
import { type Applicable, displayName, inApplyOrder, sameContent } from '../../apply/applicable.ts';
import { applyAll, lastApplied, type Outcome } from '../../apply/apply.ts';
import { type MeshFile, OWNED_BY } from './mesh-file.ts';

/** Kinds of which the control plane makes resources by itself; a mesh file may take those over. */
const ADOPTED = ['Mesh', 'Namespace', 'ServiceAccount'];

/**
 * Brings a mesh file's resources into the mesh and takes out what is no longer in the file. It touches only
 * what it owns: what others have made, or taken over by applying it themselves, stays as it is.
 */
export async function applyMeshFile(client: ApiClient, file: MeshFile): Promise<Outcome[]> {
  const outcomes = await applyAll(client, file.items, {
    policy: (item, current) => verdict(item, current, file.hash),
  });
  return [...outcomes, ...(await prune(client, file))];
}

/** Exported for its test. */
function verdict(
  item: Applicable,
  current: Resource,
  hash: string,
): 'apply' | 'delta' | 'unchanged' | { readonly keep: string } {
  const last = lastApplied(current);
  if (current.metadata.labels?.[OWNED_BY] !== hash) {
    if (last === undefined && ADOPTED.includes(item.kind.kind)) return 'apply';
    return { keep: 'somebody else has applied it' };
  }
  if (last === undefined) return 'apply';
  // The file says what it said before: what was changed since, by whomever, is wanted.
  return isDeepStrictEqual(last, item.resource) ? 'unchanged' : 'delta';
}

async function prune(client: ApiClient, file: MeshFile): Promise<Outcome[]> {
  const inFile = new Set(
    file.items.map(({ kind, namespace, name }) => `${kind.plural}.${kind.group} ${namespace}/${name}`),
  );
  const lists = await Promise.all(
    kinds
      .filter(({ readOnly, kind }) => !readOnly && kind !== 'Event')
      .map(async (kind) => ({
        kind,
        ...(await client.list(kind, { labelSelector: `${OWNED_BY}=${file.hash}` })),
      })),
  );
  const left = lists.flatMap(({ kind, items }) =>
    items
      .filter(
        ({ metadata }) =>
          !inFile.has(`${kind.plural}.${kind.group} ${metadata.namespace ?? ''}/${metadata.name}`),
      )
      .map((resource) => ({
        kind,
        namespace: resource.metadata.namespace ?? '',
        name: resource.metadata.name,
        resource,
      })),
  );
  const outcomes: Outcome[] = [];
  for (const item of inApplyOrder(left).reverse()) {
    if (await isUnchanged(client, item.kind, item.resource))
      await client.delete(item.kind, item.namespace, item.name);
    else outcomes.push({ item, verb: 'kept', reason: 'no longer in the file, but changed by somebody else' });
  }
  return outcomes;
}

/**
 * Nobody has changed its content since it was applied. The server completes what is applied with defaults, so
 * it is asked, by a dry run under another name, what the applied text would be like as a resource.
 */
async function isUnchanged(client: ApiClient, kind: ResourceKind, current: Resource): Promise<boolean> {
  const last = lastApplied(current);
  if (last === undefined) return false;
  const name = `${current.metadata.name.slice(0, 50)}-as-applied`;
  const asApplied = { ...last, metadata: { ...last.metadata, name } };
  try {
    const fresh = await client.create(kind, current.metadata.namespace ?? '', asApplied, { dryRun: true });
    return sameContent(fresh, current);
  } catch (error) {
    // What would be refused today can't be compared: leave it alone.
    if (error instanceof ApiError) return false;
    throw error;
  }
}

export function describeKept({ item, reason }: Outcome): string {
  return `${displayName(item.kind, item.name)} kept as it is: ${reason}`;
}

import { crossCheck } from '@tulle/resources/cross-check';
import type { Resource } from '@tulle/resources/kind';
import { kinds } from '@tulle/resources/kinds';
import type { Problem } from '@tulle/resources/problem';
import type { ApiClient } from '../api/client.ts';
import { identity } from './applicable.ts';

/** Kinds that refer to each other. */
const RELATED = [
  'Mesh',
  'Namespace',
  'Service',
  'ServiceEntry',
  'Gateway',
  'VirtualService',
  'DestinationRule',
  'Workload',
];

/**
 * Checks resources against each other and against what the mesh has, as it would be after they were applied:
 * unknown subsets, delegates in a circle, hosts that nobody serves.
 * @returns problems of the resources to be applied alone, with the index of each
 */
export async function checkAgainstMesh(
  client: ApiClient,
  items: readonly { readonly item: { readonly resource: Resource } }[],
): Promise<{ readonly problem: Problem; readonly item: number }[]> {
  const present = await Promise.all(
    kinds.filter(({ kind }) => RELATED.includes(kind)).map(async (kind) => (await client.list(kind)).items),
  );
  const applied = items.map(({ item }) => item.resource);
  const replaced = new Set(applied.map(identity));
  const others = present.flat().filter((resource) => !replaced.has(identity(resource)));
  const found = crossCheck([...applied, ...others]);
  return applied.flatMap((_, item) => (found[item] ?? []).map((problem) => ({ problem, item })));
}

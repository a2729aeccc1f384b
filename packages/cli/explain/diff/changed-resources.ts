import type { Resource } from '@tulle/resources/kind';
import { identity } from '../../apply/applicable.ts';

/**
 * Resources as they would be after some were applied, or deleted. What is replaced keeps its age, which counts
 * where several resources claim one thing; what is new is the youngest.
 */
export function changedResources(
  present: readonly Resource[],
  change: readonly Resource[],
  deletes: boolean,
): Resource[] {
  const changed = new Map(change.map((resource) => [identity(resource), resource]));
  const known = new Map(present.map((resource) => [identity(resource), resource]));
  const kept = present.filter((resource) => !changed.has(identity(resource)));
  if (deletes) return kept;
  const applied = change.map((resource) => {
    const { generation = 1, creationTimestamp = youngest } = known.get(identity(resource))?.metadata ?? {};
    return { ...resource, metadata: { ...resource.metadata, generation, creationTimestamp } };
  });
  return [...kept, ...applied];
}

const youngest = '9999-12-31T23:59:59Z';

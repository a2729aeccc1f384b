import { isDeepStrictEqual } from 'node:util';
import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { hasStatus, subjectOf } from '../served-kinds.ts';
import { badRequest, invalid } from '../status-error.ts';
import { metadataForCreate, metadataForUpdate, specDiffers, timestamp } from './metadata.ts';
import { strategyOf } from './strategies.ts';

/**
 * A new object before validation: system fields set, the writer's status dropped.
 * @throws ApiError 400, 422
 */
export function prepareCreate(
  given: Resource,
  kind: ResourceKind,
  system: { uid: string; now: number },
): Resource {
  const { metadata } = given;
  if (metadata.resourceVersion)
    throw badRequest('resourceVersion should not be set on objects to be created');
  if (!metadata.name) {
    const message = 'Required value: name or generateName is required';
    throw invalid(subjectOf(kind, ''), [{ reason: 'FieldValueRequired', message, field: 'metadata.name' }]);
  }
  const strategy = strategyOf(kind);
  const { status, ...rest } = given;
  const content = hasStatus(kind) || status === undefined ? rest : given;
  const { namespace, ...clusterWide } = metadataForCreate(metadata, system);
  const own = kind.namespaced && namespace !== undefined ? { ...clusterWide, namespace } : clusterWide;
  const resource = { ...content, metadata: own } as Resource;
  const prepared = strategy.prepare?.(resource) ?? resource;
  return strategy.created?.(prepared) ?? prepared;
}

/** An update before validation, and what is left to do after it. */
export interface Prepared {
  readonly resource: Resource;
  /** Gives `current` itself when nothing differs. */
  readonly finish: (checked: Resource) => Resource;
}

/** The writer's content and metadata; status stays. @throws ApiError 409, 422 */
export function prepareUpdate(given: Resource, current: Resource, kind: ResourceKind): Prepared {
  const subject = subjectOf(kind, current.metadata.name);
  const strategy = strategyOf(kind);
  const prepared = strategy.prepare?.(given) ?? given;
  const { status, ...content } = prepared;
  const metadata = metadataForUpdate(prepared.metadata, current.metadata, subject);
  const kept = hasStatus(kind) ? current.status : status;
  const resource = { ...content, metadata, ...(kept !== undefined && { status: kept }) } as Resource;
  return {
    resource,
    finish: (checked) => {
      if (isDeepStrictEqual(checked, current)) return current;
      const generation = (current.metadata.generation ?? 1) + (specDiffers(checked, current) ? 1 : 0);
      return { ...checked, metadata: { ...checked.metadata, generation } };
    },
  };
}

/** The writer's status; all else stays. */
export function prepareStatus(given: Resource, current: Resource): Prepared {
  const { status: _, ...rest } = current;
  const resource = given.status === undefined ? rest : { ...rest, status: given.status };
  return {
    resource,
    finish: (checked) => {
      // Only the status is taken from what validation returns: the rest is what is stored.
      const { status } = checked;
      if (isDeepStrictEqual(status, current.status)) return current;
      return status === undefined ? rest : { ...rest, status };
    },
  };
}

/** The object as it is once its deletion has begun. */
export function startDeletion(current: Resource, kind: ResourceKind, now: number): Resource {
  const metadata = { ...current.metadata, deletionTimestamp: timestamp(now) };
  const ending = { ...current, metadata: { ...metadata, deletionGracePeriodSeconds: 0 } };
  return strategyOf(kind).terminating?.(ending) ?? ending;
}

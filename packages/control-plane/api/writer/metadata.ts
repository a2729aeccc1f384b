import { isDeepStrictEqual } from 'node:util';
import type { ObjectMeta, Resource } from '@tulle/resources/kind';
import { conflict, invalid, type StatusCause, type Subject } from '../status-error.ts';

/** A moment as metav1.Time: RFC 3339 in UTC, whole seconds. */
export const timestamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** What a new object carries. Users can't choose uid, times, generation. */
export function metadataForCreate(given: ObjectMeta, system: { uid: string; now: number }): ObjectMeta {
  const { deletionTimestamp, deletionGracePeriodSeconds, selfLink, managedFields, resourceVersion, ...rest } =
    given;
  return { ...rest, uid: system.uid, creationTimestamp: timestamp(system.now), generation: 1 };
}

/**
 * What an update makes of metadata: labels, annotations, finalizers and owners are the writer's; the rest is
 * the system's, and contradicting it is an error.
 * @throws ApiError 409 another uid, 422 a finalizer added to an object that is being deleted
 */
export function metadataForUpdate(given: ObjectMeta, current: ObjectMeta, subject: Subject): ObjectMeta {
  if (given.uid && given.uid !== current.uid) {
    throw conflict(
      subject,
      `Precondition failed: UID in precondition: ${given.uid}, UID in object meta: ${current.uid ?? ''}`,
    );
  }
  const causes: StatusCause[] = [];
  const added = (given.finalizers ?? []).filter((finalizer) => !current.finalizers?.includes(finalizer));
  if (current.deletionTimestamp !== undefined && added.length > 0) {
    causes.push({
      reason: 'FieldValueForbidden',
      field: 'metadata.finalizers',
      message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
    });
  }
  if (given.deletionTimestamp && given.deletionTimestamp !== current.deletionTimestamp) {
    causes.push({
      reason: 'FieldValueInvalid',
      field: 'metadata.deletionTimestamp',
      message: 'field is immutable',
    });
  }
  if (causes.length > 0) throw invalid(subject, causes);
  const kept = pick(current, (field) => systemFields.has(field));
  const chosen = pick(given, (field, value) => !systemFields.has(field) && !isEmpty(value));
  return { ...kept, ...chosen } as ObjectMeta;
}

/** What a writer can't change once the object is there. */
const systemFields: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'generateName',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
]);

const pick = (meta: ObjectMeta, wanted: (field: string, value: unknown) => boolean): object =>
  Object.fromEntries(Object.entries(meta).filter(([field, value]) => wanted(field, value)));

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);

/** Whether anything but metadata and status differs: what raises the generation. */
export function specDiffers(a: Resource, b: Resource): boolean {
  return !isDeepStrictEqual(contentOf(a), contentOf(b));
}

function contentOf({ apiVersion, kind, metadata, status, ...content }: Resource): unknown {
  return content;
}

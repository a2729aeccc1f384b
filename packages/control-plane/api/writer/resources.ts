import { randomInt, randomUUID } from 'node:crypto';
import type { Resource, ResourceKind } from '@tulle/resources/kind';
import type { Clock } from '@tulle/xds/clock';
import { type Key, type Store, StoreError } from '../../store/store.ts';
import { formatApiVersion, ServedKinds, subjectOf } from '../served-kinds.ts';
import * as refuse from '../status-error.ts';
import { checkResource, type FieldValidation } from './decode.ts';
import { generateName } from './generate-name.ts';
import { prepareCreate, prepareStatus, prepareUpdate, startDeletion } from './prepare.ts';

export interface WriteOptions {
  /** Everything but the write. */
  readonly dryRun?: boolean;
  /** Default Strict. */
  readonly fieldValidation?: FieldValidation;
}

export interface UpdateOptions extends WriteOptions {
  readonly subresource?: 'status';
}

export interface DeleteOptions {
  readonly dryRun?: boolean;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** `resource` is in its storage version; `warnings` are for the writer, one line each. */
export interface Written {
  readonly resource: Resource;
  readonly warnings: readonly string[];
}

/** `gone`: removed. Otherwise `resource` now carries a deletionTimestamp and goes when its finalizers are gone. */
export interface Deleted {
  readonly resource: Resource;
  readonly gone: boolean;
}

/**
 * The one way to write: the HTTP API and the control plane's own writers share validation, generation, uid,
 * times, finalizers and optimistic concurrency. Refusals are ApiErrors.
 */
export interface Resources {
  /** The namespace must exist. apiVersion and kind say which collection. */
  create(resource: Resource, options?: WriteOptions): Promise<Written>;
  /** Replaces the object, or its status alone. With a metadata.resourceVersion only that version. */
  update(key: Key, resource: Resource, options?: UpdateOptions): Promise<Written>;
  /**
   * Reads, changes, writes; anew when someone else wrote meanwhile. `change` must not modify its argument; a
   * resourceVersion that it sets is a precondition. Without a difference nothing is written.
   */
  patch(key: Key, change: (current: Resource) => Resource, options?: UpdateOptions): Promise<Written>;
  /** `patch` of the status alone: `change` gets the present status, undefined when there is none. */
  patchStatus(key: Key, change: (status: unknown, resource: Resource) => unknown): Promise<Written>;
  delete(key: Key, options?: DeleteOptions): Promise<Deleted>;
  /** Removes without regard to finalizers: for the last step of a deletion. */
  remove(key: Key): Promise<void>;
}

export interface ResourcesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly kinds: readonly ResourceKind[];
  /** An integer in [0, limit). */
  readonly random?: (limit: number) => number;
  readonly uuid?: () => string;
  /** Namespaces that can't be deleted. */
  readonly protectedNamespaces?: readonly string[];
}

const attempts = 16;

/** What the API does with resources, over a store: validated, versioned, and with Kubernetes’ rules for each verb. */
export function createResources(options: ResourcesOptions): Resources {
  const { store, clock, random = (limit) => randomInt(limit), uuid = randomUUID } = options;
  const kinds = new ServedKinds(options.kinds);
  const protectedNamespaces = options.protectedNamespaces ?? ['default', 'tulle-system'];

  const kindOf = ({ group, plural }: Key): ResourceKind => {
    const kind = kinds.byPlural(group, plural);
    if (kind === undefined) throw refuse.noSuchPath();
    return kind;
  };

  const existing = async (key: Key): Promise<Resource> => {
    const current = await store.get(key);
    if (current === undefined) throw refuse.notFound(subjectOf(kindOf(key), key.name));
    return current;
  };

  /** As Kubernetes' NamespaceLifecycle admission. */
  const assertNamespace = async (kind: ResourceKind, namespace: string, name: string): Promise<void> => {
    if (!kind.namespaced) return;
    const subject = { group: '', plural: 'namespaces', kind: 'Namespace', name: namespace };
    const found = await store.get({ group: '', plural: 'namespaces', namespace: '', name: namespace });
    if (found === undefined) throw refuse.notFound(subject);
    if (found.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw refuse.forbidden(subjectOf(kind, name), why, [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ]);
  };

  async function create(
    given: Resource,
    { dryRun, fieldValidation = 'Strict' }: WriteOptions = {},
  ): Promise<Written> {
    const kind = kinds.of(given);
    if (kind === undefined)
      throw refuse.badRequest(`no kind "${given.kind}" is served in "${given.apiVersion}"`);
    const generated = !given.metadata.name && given.metadata.generateName;
    for (let attempt = 1; ; attempt++) {
      const name = generated ? generateName(generated, random) : given.metadata.name;
      const draft = { ...stored(given, kind), metadata: { ...given.metadata, name } };
      const prepared = prepareCreate(draft, kind, { uid: uuid(), now: clock.now() });
      const { resource, warnings } = checkResource(prepared, kind, fieldValidation);
      const key = keyOf(kind, resource);
      await assertNamespace(kind, key.namespace, name);
      try {
        if (!dryRun) return { resource: await store.create(key, resource), warnings };
        if ((await store.get(key)) === undefined) return { resource, warnings };
        throw refuse.alreadyExists(subjectOf(kind, name));
      } catch (error) {
        if (generated && attempt < attempts && isTaken(error)) continue;
        throw translate(error, kind, name);
      }
    }
  }

  /** Writes `given` over `current`; undefined when someone else was faster. */
  async function replace(
    key: Key,
    current: Resource,
    given: Resource,
    options: UpdateOptions,
  ): Promise<Written> {
    const kind = kindOf(key);
    const { subresource, fieldValidation = 'Strict' } = options;
    const draft = stored(given, kind);
    const prepared =
      subresource === 'status' ? prepareStatus(draft, current) : prepareUpdate(draft, current, kind);
    const { resource, warnings } = checkResource(prepared.resource, kind, fieldValidation, subresource);
    const next = prepared.finish(resource);
    if (next === current || options.dryRun) return { resource: next, warnings };
    const version = current.metadata.resourceVersion ?? '';
    if (next.metadata.deletionTimestamp !== undefined && !hasFinalizers(next) && !staysForContents(kind)) {
      await store.delete(key, version);
      return { resource: next, warnings };
    }
    return { resource: await store.update(key, next, version), warnings };
  }

  async function patch(
    key: Key,
    change: (current: Resource) => Resource,
    options: UpdateOptions = {},
  ): Promise<Written> {
    const kind = kindOf(key);
    for (let attempt = 1; ; attempt++) {
      const current = await existing(key);
      const changed = change(current);
      const asked = changed.metadata.resourceVersion;
      if (asked && asked !== current.metadata.resourceVersion)
        throw refuse.conflict(subjectOf(kind, key.name));
      try {
        return await replace(key, current, changed, options);
      } catch (error) {
        if (attempt < attempts && error instanceof StoreError && error.code === 'conflict') continue;
        throw translate(error, kind, key.name);
      }
    }
  }

  async function update(key: Key, resource: Resource, options: UpdateOptions = {}): Promise<Written> {
    return patch(key, () => resource, options);
  }

  async function deleteOne(key: Key, { dryRun, uid, resourceVersion }: DeleteOptions = {}): Promise<Deleted> {
    const kind = kindOf(key);
    const subject = subjectOf(kind, key.name);
    if (staysForContents(kind) && protectedNamespaces.includes(key.name))
      throw refuse.forbidden(subject, 'this namespace may not be deleted');
    for (let attempt = 1; ; attempt++) {
      const current = await existing(key);
      const { metadata } = current;
      if (uid && uid !== metadata.uid) throw refuse.conflict(subject, precondition('UID', uid, metadata.uid));
      if (resourceVersion && resourceVersion !== metadata.resourceVersion)
        throw refuse.conflict(
          subject,
          precondition('ResourceVersion', resourceVersion, metadata.resourceVersion),
        );
      const gone = !hasFinalizers(current) && !staysForContents(kind);
      if (!gone && metadata.deletionTimestamp !== undefined) return { resource: current, gone };
      const ending = startDeletion(current, kind, clock.now());
      if (dryRun) return { resource: gone ? current : ending, gone };
      const version = metadata.resourceVersion ?? '';
      try {
        const resource = gone ? await store.delete(key, version) : await store.update(key, ending, version);
        return { resource, gone };
      } catch (error) {
        if (attempt < attempts && error instanceof StoreError && error.code === 'conflict') continue;
        throw translate(error, kind, key.name);
      }
    }
  }

  return {
    create,
    update,
    patch,
    patchStatus: (key, change) =>
      patch(key, (current) => ({ ...current, status: change(current.status, current) }), {
        subresource: 'status',
      }),
    delete: deleteOne,
    remove: async (key) => {
      try {
        await store.delete(key);
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== 'not-found') throw error;
      }
    },
  };
}

const isTaken = (error: unknown): boolean =>
  (error instanceof StoreError && error.code === 'already-exists') ||
  (error instanceof refuse.ApiError && error.status.reason === 'AlreadyExists');

const precondition = (what: string, asked: string, found: string | undefined): string =>
  `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${found ?? ''}`;

const hasFinalizers = ({ metadata }: Resource): boolean => (metadata.finalizers?.length ?? 0) > 0;

/** A namespace goes last, by the namespace reaper. */
const staysForContents = ({ group, plural }: ResourceKind): boolean =>
  group === '' && plural === 'namespaces';

const stored = (resource: Resource, kind: ResourceKind): Resource => ({
  ...resource,
  apiVersion: formatApiVersion(kind.group, kind.versions[0]),
  kind: kind.kind,
});

/** The place of a resource in the store. */
export function keyOf({ group, plural, namespaced }: ResourceKind, { metadata }: Resource): Key {
  return { group, plural, namespace: namespaced ? (metadata.namespace ?? '') : '', name: metadata.name };
}

/** What the store refused, as the API says it. */
function translate(error: unknown, kind: ResourceKind, name: string): unknown {
  if (!(error instanceof StoreError)) return error;
  switch (error.code) {
    case 'not-found':
      return refuse.notFound(subjectOf(kind, name));
    case 'already-exists':
      return refuse.alreadyExists(subjectOf(kind, name));
    case 'conflict':
      return refuse.conflict(subjectOf(kind, name));
    case 'expired':
      return refuse.expired(error.message);
    case 'malformed':
      return refuse.badRequest(error.message);
    case 'unavailable':
      return refuse.unavailable(error.message);
  }
}

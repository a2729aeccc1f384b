import type { Resource } from '@tulle/resources/kind';
import { type Store, StoreError, type ListOptions as StoreListOptions } from '../../store/store.ts';
import type { RequestInfo } from '../request-info.ts';
import { subjectOf } from '../served-kinds.ts';
import { badRequest, expired, notFound, tooLargeVersion } from '../status-error.ts';
import { matchesFields } from './field-selector.ts';
import { matchesLabels } from './label-selector.ts';
import type { ListOptions } from './list-options.ts';

/** A page of a list, in storage version. */
export interface Page {
  readonly items: readonly Resource[];
  /** meta/v1 ListMeta. */
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

/** @throws ApiError 404, 504 when `resourceVersion` is not there yet */
export async function getOne(store: Store, info: RequestInfo, resourceVersion = ''): Promise<Resource> {
  const { kind, namespace = '', name = '' } = info;
  if (resourceVersion !== '') assertReached(store, resourceVersion);
  const found = await store.get({ group: kind.group, plural: kind.plural, namespace, name });
  if (found === undefined) throw notFound(subjectOf(kind, name));
  return found;
}

/** Whether selectors let a resource through. */
export function isSelected({ labels, fields }: ListOptions, resource: Resource): boolean {
  return matchesLabels(labels, resource.metadata.labels) && matchesFields(fields, resource);
}

/**
 * One page. With selectors a page is filled from as many of the store's pages as it takes, and what remains
 * is not counted, as in Kubernetes.
 * @throws ApiError 400 bad token, 410 expired, 504 revision not there yet
 */
export async function listPage(store: Store, info: RequestInfo, options: ListOptions): Promise<Page> {
  const base = startOf(store, info, options);
  const filtered = options.labels.length > 0 || options.fields.length > 0;
  const items: Resource[] = [];
  let token = options.continue;
  try {
    for (;;) {
      const limit = options.limit > 0 ? options.limit - items.length : 0;
      const page = await store.list(
        info.kind,
        token === undefined ? { ...base, limit } : { ...where(base), limit, continue: token },
      );
      items.push(...(filtered ? page.items.filter((item) => isSelected(options, item)) : page.items));
      token = page.continue;
      if (token !== undefined && items.length < options.limit) continue;
      const counted = !filtered && token !== undefined && page.remaining !== undefined;
      return {
        items,
        metadata: {
          resourceVersion: page.resourceVersion,
          ...(token !== undefined && { continue: token }),
          ...(counted && { remainingItemCount: page.remaining }),
        },
      };
    }
  } catch (error) {
    throw translate(error);
  }
}

const where = ({ namespace }: StoreListOptions): StoreListOptions =>
  namespace === undefined ? {} : { namespace };

function startOf(store: Store, info: RequestInfo, options: ListOptions): StoreListOptions {
  const { resourceVersion, match, limit } = options;
  const base = info.namespace === undefined ? {} : { namespace: info.namespace };
  if (resourceVersion === '' || resourceVersion === '0') return base;
  assertReached(store, resourceVersion);
  // A limit without a match has always meant Exact.
  return match === 'Exact' || (match === undefined && limit > 0) ? { ...base, at: resourceVersion } : base;
}

function assertReached(store: Store, resourceVersion: string): void {
  if (!/^\d{1,15}$/.test(resourceVersion)) throw badRequest(`invalid resource version "${resourceVersion}"`);
  const current = store.revision();
  if (Number(resourceVersion) > Number(current)) throw tooLargeVersion(resourceVersion, current);
}

function translate(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  if (error.code === 'malformed') return badRequest(error.message);
  if (error.code !== 'expired') return error;
  return expired(
    'The provided continue parameter or resourceVersion is too old to display a consistent list result. Start a new list without it.',
  );
}

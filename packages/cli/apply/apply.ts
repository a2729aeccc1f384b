import { isDeepStrictEqual } from 'node:util';
import type { Resource } from '@tulle/resources/kind';
import { isApiError } from '../api/api-error.ts';
import type { ApiClient } from '../api/client.ts';
import { type Applicable, inApplyOrder, LAST_APPLIED } from './applicable.ts';
import { threeWayPatch } from './merge.ts';

export type Verb = 'created' | 'configured' | 'unchanged' | 'kept';

export interface Outcome {
  readonly item: Applicable;
  readonly verb: Verb;
  /** Why it was kept as it is, for people. */
  readonly reason?: string;
}

/** What has to be written for one resource; decided before anything is. */
type Change =
  | { readonly kind: 'create'; readonly item: Applicable; readonly body: Resource }
  | { readonly kind: 'patch'; readonly item: Applicable; readonly patch: object }
  | {
      readonly kind: 'none';
      readonly item: Applicable;
      readonly verb: 'unchanged' | 'kept';
      readonly reason?: string;
    };

/** Decides by the resource that is there whether and how far it may be changed. */
export type Policy = (
  item: Applicable,
  current: Resource,
) => 'apply' | 'delta' | { readonly keep: string } | 'unchanged';

export interface ApplyOptions {
  /** Everything is checked by the server and nothing is written. */
  readonly dryRun?: boolean;
  readonly policy?: Policy;
  readonly onOutcome?: (outcome: Outcome) => void;
}

/**
 * Applies resources as one: reads what is there, has every write checked by the server, and only then writes.
 * @throws ApiError with the resource in its message; then nothing was written, unless the API failed between
 * two writes
 */
export async function applyAll(
  client: ApiClient,
  items: readonly Applicable[],
  { dryRun = false, policy = () => 'apply', onOutcome = () => {} }: ApplyOptions = {},
): Promise<Outcome[]> {
  const ordered = inApplyOrder(items);
  const changes = await Promise.all(ordered.map((item) => decide(client, item, policy)));
  const newNamespaces = new Set(
    changes.flatMap(({ kind, item }) =>
      kind === 'create' && item.kind.kind === 'Namespace' ? [item.name] : [],
    ),
  );
  // The server can't check what goes into a namespace that doesn't exist yet; our own validation has.
  const checkable = changes.filter(({ item }) => !newNamespaces.has(item.namespace));
  await Promise.all(checkable.map((change) => write(client, change, true)));
  const outcomes: Outcome[] = [];
  for (const change of changes) {
    if (!dryRun) await write(client, change, false);
    const outcome = outcomeOf(change);
    outcomes.push(outcome);
    onOutcome(outcome);
  }
  return outcomes;
}

async function decide(client: ApiClient, item: Applicable, policy: Policy): Promise<Change> {
  const body = withLastApplied(item.resource);
  const current = await find(client, item);
  if (current === undefined) return { kind: 'create', item, body };
  const verdict = policy(item, current);
  if (verdict === 'unchanged') return { kind: 'none', item, verb: 'unchanged' };
  if (typeof verdict === 'object') return { kind: 'none', item, verb: 'kept', reason: verdict.keep };
  const last = lastApplied(current);
  const { apiVersion: _a, kind: _k, ...next } = body;
  const { apiVersion: _la, kind: _lk, ...before } = last ?? {};
  // `delta`: only what has changed between the two versions of the file, whatever others have changed since.
  const patch = threeWayPatch(before, next, verdict === 'delta' && last !== undefined ? before : current);
  if (patch === undefined || onlyAnnotation(patch, last, item.resource))
    return { kind: 'none', item, verb: 'unchanged' };
  return { kind: 'patch', item, patch };
}

async function write(client: ApiClient, change: Change, dryRun: boolean): Promise<void> {
  const { item } = change;
  if (change.kind === 'create') await client.create(item.kind, item.namespace, change.body, { dryRun });
  if (change.kind === 'patch')
    await client.patch(item.kind, item.namespace, item.name, change.patch, { dryRun });
}

function outcomeOf(change: Change): Outcome {
  switch (change.kind) {
    case 'create':
      return { item: change.item, verb: 'created' };
    case 'patch':
      return { item: change.item, verb: 'configured' };
    case 'none':
      return {
        item: change.item,
        verb: change.verb,
        ...(change.reason === undefined ? {} : { reason: change.reason }),
      };
  }
}

export async function find(
  client: ApiClient,
  { kind, namespace, name }: Pick<Applicable, 'kind' | 'namespace' | 'name'>,
): Promise<Resource | undefined> {
  try {
    return await client.get(kind, namespace, name);
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

function withLastApplied(resource: Resource): Resource {
  const annotations = { ...resource.metadata.annotations, [LAST_APPLIED]: `${JSON.stringify(resource)}\n` };
  return { ...resource, metadata: { ...resource.metadata, annotations } };
}

/** What was applied last, by us or by kubectl; undefined when nobody has. */
export function lastApplied(current: Resource): Resource | undefined {
  const text = current.metadata.annotations?.[LAST_APPLIED];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Resource;
  } catch {
    return undefined;
  }
}

/** The annotation alone has changed, and only in how it is written (key order, another version's name). */
function onlyAnnotation(patch: object, last: Resource | undefined, next: Resource): boolean {
  const only = {
    metadata: { annotations: { [LAST_APPLIED]: (patch as Resource).metadata?.annotations?.[LAST_APPLIED] } },
  };
  if (!isDeepStrictEqual(patch, only) || last === undefined) return false;
  const { apiVersion: _a, ...before } = last;
  const { apiVersion: _b, ...after } = next;
  return isDeepStrictEqual(before, after);
}

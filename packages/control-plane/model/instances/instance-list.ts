import { compare } from '../origin.ts';
import type { WorkloadInstance } from './instance.ts';

/** By namespace and name, each once. */
export type InstanceList = readonly WorkloadInstance[];

/** What became of one name: new, gone or different. */
export interface Change {
  readonly before: WorkloadInstance | undefined;
  readonly after: WorkloadInstance | undefined;
}

type Named = Pick<WorkloadInstance, 'namespace' | 'name'>;

/** Orders instances: by namespace, then name, by code unit. */
export function byName(a: Named, b: Named): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

export const nameOf = ({ before, after }: Change): Named => (before ?? after) as Named;

export function find(list: InstanceList, named: Named): WorkloadInstance | undefined {
  const found = list[position(list, named, 0)];
  return found !== undefined && byName(found, named) === 0 ? found : undefined;
}

/** Where a name is, or would be. */
function position(list: InstanceList, named: Named, from: number): number {
  let [low, high] = [from, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byName(list[middle] as Named, named) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A list of all, as it is now, and what of it has changed, in its order. */
export interface Followed {
  readonly list: InstanceList;
  readonly changes: readonly Change[];
}

/**
 * Takes what was found, in any order. What is equal to what was before is no change, though the list has the objects that were
 * found last: names are compared only where objects differ from those.
 */
export function followed(before: InstanceList, found: readonly WorkloadInstance[]): Followed {
  if (found === before) return { list: before, changes: [] };
  const changes: Change[] = [];
  let at = 0;
  let last: WorkloadInstance | undefined;
  /** The one before was where it was: two of those in a row need no comparison. */
  let inStep = false;
  for (const instance of found) {
    const stays = before[at] === instance;
    if (last !== undefined && !(inStep && stays) && byName(last, instance) >= 0)
      return followed(before, sorted(found));
    last = instance;
    inStep = stays;
    if (stays) {
      at++;
      continue;
    }
    const next = position(before, instance, at);
    for (; at < next; at++) changes.push({ before: before[at], after: undefined });
    const known = before[at];
    const isKnown = known !== undefined && byName(known, instance) === 0;
    if (isKnown) at++;
    if (!isKnown || !isSame(known, instance))
      changes.push({ before: isKnown ? known : undefined, after: instance });
  }
  for (; at < before.length; at++) changes.push({ before: before[at], after: undefined });
  return { list: found, changes };
}

/** Of instances that wrongly share one name, one that the order of the input does not decide. */
function sorted(found: readonly WorkloadInstance[]): InstanceList {
  const describe = ({ address, workload }: WorkloadInstance): string => `${address} ${workload}`;
  const list = found.toSorted((a, b) => byName(a, b) || compare(describe(a), describe(b)));
  return list.filter((instance, index) => {
    const before = list[index - 1];
    return before === undefined || byName(before, instance) !== 0;
  });
}

/** @param changes of instances of the list, in its order */
export function patched(list: InstanceList, changes: readonly Change[]): InstanceList {
  const next: WorkloadInstance[] = [];
  let from = 0;
  for (const change of changes) {
    const at = position(list, nameOf(change), from);
    for (; from < at; from++) next.push(list[from] as WorkloadInstance);
    if (change.before !== undefined) from++;
    if (change.after !== undefined) next.push(change.after);
  }
  for (; from < list.length; from++) next.push(list[from] as WorkloadInstance);
  return next;
}

/** Lists by key. */
export type Groups = ReadonlyMap<string, InstanceList>;

/**
 * The groups after changes; a list that they do not touch is the same object, and so is the map if they touch none.
 * @param empty groups that are there without instances, too
 * @param keysOf the groups that an instance belongs to
 */
export function regrouped(
  empty: Groups,
  before: Groups,
  changes: readonly Change[],
  keysOf: (instance: WorkloadInstance) => readonly string[],
): Groups {
  const touched = new Map<string, Change[]>();
  for (const { before, after } of changes) {
    const left = before === undefined ? [] : keysOf(before);
    const joined = after === undefined ? [] : keysOf(after);
    for (const key of new Set([...left, ...joined])) {
      const own = {
        before: left.includes(key) ? before : undefined,
        after: joined.includes(key) ? after : undefined,
      };
      const known = touched.get(key);
      if (known === undefined) touched.set(key, [own]);
      else known.push(own);
    }
  }
  if (touched.size === 0) return before;
  const groups = new Map(before);
  for (const [key, own] of touched) {
    const list = patched(before.get(key) ?? [], own);
    const none = empty.get(key);
    if (list.length > 0) groups.set(key, list);
    else if (none !== undefined) groups.set(key, none);
    else groups.delete(key);
  }
  return groups;
}

function isSame(a: WorkloadInstance, b: WorkloadInstance): boolean {
  const fields = [
    'workload',
    'serviceAccount',
    'address',
    'tlsMode',
    'isGateway',
    'portsByName',
    'weight',
    'locality',
    'network',
    'cluster',
    'health',
  ] as const;
  if (fields.some((field) => a[field] !== b[field])) return false;
  const labels = Object.entries(a.labels);
  if (
    labels.length !== Object.keys(b.labels).length ||
    labels.some(([name, value]) => b.labels[name] !== value)
  )
    return false;
  return (
    a.ports.length === b.ports.length &&
    a.ports.every((port, index) => {
      const other = b.ports[index];
      return port.port === other?.port && port.name === other.name && port.target === other.target;
    })
  );
}

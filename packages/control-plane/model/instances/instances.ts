import { selects } from '../selector.ts';
import type { Service, ServiceIndex } from '../services/service.ts';
import type { WorkloadInstance } from './instance.ts';
import {
  byName,
  type Change,
  type Followed,
  find,
  followed,
  type Groups,
  type InstanceList,
  nameOf,
  patched,
  regrouped,
} from './instance-list.ts';

/** Where instances come from, each in any order. */
export interface InstanceSources {
  readonly discovered: readonly WorkloadInstance[];
  /** WorkloadEntries: one of the name of a discovered instance stands behind it. */
  readonly written: readonly WorkloadInstance[];
  /** Whether the mesh looks at a namespace. The same function as long as its answers are. */
  readonly isSeen: (namespace: string) => boolean;
}

/** Which instances there are, and which service they serve. What did not change is the same object as before. */
export interface InstanceIndex {
  readonly sources: InstanceSources;
  /** The services that it was made for. */
  readonly services: ServiceIndex;
  readonly all: InstanceList;
  /** By the service's key. Services without a selector are missing. */
  readonly byService: Groups;
  /** By namespace, workload and TLS mode. */
  readonly byWorkload: Groups;
  /** The keys of `byWorkload`: what runs, whatever its instances. */
  readonly running: ReadonlySet<string>;
}

/**
 * What it costs is in proportion to the changes, but for comparing and copying lists of pointers; from the start, all
 * instances are changes.
 * @param previous of the model before: what is equal in it is taken from it
 */
export function indexInstances(
  services: ServiceIndex,
  { discovered, written, isSeen }: InstanceSources,
  previous?: InstanceIndex,
): InstanceIndex {
  const layers: Layers = {
    discovered: followed(previous?.sources.discovered ?? [], discovered),
    written: followed(previous?.sources.written ?? [], written),
  };
  const sources = { discovered: layers.discovered.list, written: layers.written.list, isSeen };
  const known = previous?.sources.isSeen === isSeen ? previous : undefined;
  const found =
    known === undefined ? changesOf(nobody, fromStart(sources)) : changesOf(known.sources, layers);
  const changes = found.filter((change) => isSeen(nameOf(change).namespace));
  const isKept = known !== undefined && changes.length === 0;
  if (isKept && known.services === services) return { ...known, sources };
  const all = isKept ? known.all : patched(known?.all ?? [], changes);
  const byWorkload = regrouped(noGroups, known?.byWorkload ?? noGroups, changes, keysOfWorkload);
  return {
    ...{ sources, services, all, byWorkload },
    byService:
      known?.services === services
        ? regrouped(unserved(services), known.byService, changes, keysOfServices(services))
        : served(services, all, previous?.byService),
    running: sameRun(known, changes) ?? keysOf(byWorkload, previous?.running),
  };
}

interface Layers {
  readonly discovered: Followed;
  readonly written: Followed;
}

const nobody: Pick<InstanceSources, 'discovered' | 'written'> = { discovered: [], written: [] };
const noGroups: Groups = new Map();

const fromStart = ({ discovered, written }: InstanceSources): Layers => ({
  discovered: followed([], discovered),
  written: followed([], written),
});

/** What becomes of names that the one or the other layer has changed, seen through both. */
function changesOf(before: typeof nobody, { discovered, written }: Layers): Change[] {
  const changes = discovered.changes.map(
    (change): Change => ({
      before: change.before ?? find(before.written, nameOf(change)),
      after: change.after ?? find(written.list, nameOf(change)),
    }),
  );
  const behind = written.changes.filter(
    (change) =>
      find(before.discovered, nameOf(change)) === undefined &&
      find(discovered.list, nameOf(change)) === undefined,
  );
  if (changes.length === 0 || behind.length === 0) return changes.concat(behind);
  return changes.concat(behind).sort((a, b) => byName(nameOf(a), nameOf(b)));
}

const workloadKey = ({ namespace, workload, tlsMode }: WorkloadInstance): string =>
  `${namespace}/${workload} ${tlsMode}`;
const keysOfWorkload = (instance: WorkloadInstance): readonly string[] => [workloadKey(instance)];

/** What ran before, where each instance that changed is one of the same workload still. */
function sameRun(
  known: InstanceIndex | undefined,
  changes: readonly Change[],
): InstanceIndex['running'] | undefined {
  const stays = ({ before, after }: Change): boolean =>
    before !== undefined && after !== undefined && workloadKey(before) === workloadKey(after);
  return changes.every(stays) ? known?.running : undefined;
}

function keysOf(groups: Groups, before: ReadonlySet<string> | undefined): ReadonlySet<string> {
  if (before !== undefined && before.size === groups.size && groups.keys().every((key) => before.has(key)))
    return before;
  return new Set(groups.keys());
}

/** Each service's instances, from the start; a list that is as before is the same object. */
function served(services: ServiceIndex, all: InstanceList, before: Groups | undefined): Groups {
  const empty = unserved(services);
  const added = all.map((after): Change => ({ before: undefined, after }));
  const groups = new Map(regrouped(empty, empty, added, keysOfServices(services)));
  for (const [key, list] of groups) {
    const known = before?.get(key);
    if (known !== undefined && hasSameItems(known, list)) groups.set(key, known);
  }
  return groups;
}

const noInstances: InstanceList = [];
const emptyGroups = new WeakMap<ServiceIndex, Groups>();

/** The services that have a selector, in their order. */
function unserved(services: ServiceIndex): Groups {
  const known = emptyGroups.get(services);
  if (known !== undefined) return known;
  const selecting = services.all.filter(({ selector }) => firstLabel(selector) !== undefined);
  const groups = new Map(selecting.map(({ key }) => [key, noInstances]));
  emptyGroups.set(services, groups);
  return groups;
}

const selecting = new WeakMap<ServiceIndex, ReadonlyMap<string, readonly Service[]>>();

/** Services are found by the first label of their selectors: a mesh may have thousands of both. */
function keysOfServices(services: ServiceIndex): (instance: WorkloadInstance) => readonly string[] {
  let byLabel = selecting.get(services);
  if (byLabel === undefined) {
    const labelled = services.all.filter(({ selector }) => firstLabel(selector) !== undefined);
    byLabel = Map.groupBy(labelled, ({ namespace, selector }) =>
      labelKey(namespace, firstLabel(selector) as [string, string]),
    );
    selecting.set(services, byLabel);
  }
  const candidates = byLabel;
  return ({ namespace, labels }) =>
    Object.entries(labels).flatMap((label) =>
      (candidates.get(labelKey(namespace, label)) ?? []).flatMap(({ key, selector }) =>
        selector !== undefined && selects(selector, labels) ? [key] : [],
      ),
    );
}

const firstLabel = (selector: Service['selector']): [string, string] | undefined =>
  Object.entries(selector ?? {})[0];

const labelKey = (namespace: string, [name, value]: [string, string]): string =>
  `${namespace}\n${name}\n${value}`;

function hasSameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

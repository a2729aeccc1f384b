import { compare } from '../origin.ts';
import { selects } from '../selector.ts';
import type { ServiceIndex } from '../services/service.ts';
import type { WorkloadInstance } from './instance.ts';

/** Which instances serve which service. Lists that did not change are the same objects as before. */
export interface InstanceIndex {
  /** The services that it was made for. */
  readonly services: ServiceIndex;
  /** All instances by `namespace/name`. */
  readonly byKey: ReadonlyMap<string, WorkloadInstance>;
  /** By the service's key; sorted by name. Services without a selector are missing. */
  readonly byService: ReadonlyMap<string, readonly WorkloadInstance[]>;
}

/** @param previous of the model before: what is equal in it is taken from it. */
export function indexInstances(
  services: ServiceIndex,
  instances: readonly WorkloadInstance[],
  previous?: InstanceIndex,
): InstanceIndex {
  const byKey = new Map<string, WorkloadInstance>();
  for (const instance of instances) {
    const key = `${instance.namespace}/${instance.name}`;
    const before = previous?.byKey.get(key);
    const next = before !== undefined && isSame(before, instance) ? before : instance;
    const twin = byKey.get(key);
    if (twin === undefined || compare(describe(next), describe(twin)) < 0) byKey.set(key, next);
  }
  if (previous?.services === services) {
    const changed = changedInstances(previous.byKey, byKey);
    if (changed.length === 0) return previous;
    if (changed.length <= fewChanges)
      return { services, byKey, byService: updated(previous, byKey, changed) };
  }
  return { services, byKey, byService: servedBy(services, byKey, previous) };
}

/** Up to so many, looking at each service for each is less work than indexing all instances. */
const fewChanges = 32;

/** Instances that are new, gone or different: as they were, as they are. */
function changedInstances(before: Instances, after: Instances): WorkloadInstance[] {
  const changed: WorkloadInstance[] = [];
  for (const [key, instance] of after) {
    const known = before.get(key);
    if (known === instance) continue;
    changed.push(instance);
    if (known !== undefined) changed.push(known);
  }
  for (const [key, instance] of before) if (!after.has(key)) changed.push(instance);
  return changed;
}

/** The lists of `previous`, but of those services that a changed instance serves or served. */
function updated(
  previous: InstanceIndex,
  byKey: Instances,
  changed: readonly WorkloadInstance[],
): InstanceIndex['byService'] {
  const byService = new Map(previous.byService);
  for (const { key, namespace, selector } of previous.services.all) {
    const before = previous.byService.get(key);
    if (selector === undefined || before === undefined) continue;
    const serves = (instance: WorkloadInstance): boolean =>
      instance.namespace === namespace && selects(selector, instance.labels);
    if (!changed.some(serves)) continue;
    const serving = [...byKey].filter(([, instance]) => serves(instance)).sort(byInstanceKey);
    byService.set(
      key,
      serving.map(([, instance]) => instance),
    );
  }
  return byService;
}

/** Each service's instances; a list that is as before is the same object. */
function servedBy(
  services: ServiceIndex,
  byKey: Instances,
  previous: InstanceIndex | undefined,
): InstanceIndex['byService'] {
  const byLabel = new Map<string, WorkloadInstance[]>();
  for (const [, instance] of [...byKey].toSorted(byInstanceKey)) {
    for (const [name, value] of Object.entries(instance.labels)) {
      const label = labelKey(instance.namespace, name, value);
      const list = byLabel.get(label);
      if (list === undefined) byLabel.set(label, [instance]);
      else list.push(instance);
    }
  }
  const byService = new Map<string, readonly WorkloadInstance[]>();
  for (const { key, namespace, selector } of services.all) {
    const first = Object.entries(selector ?? {})[0];
    if (selector === undefined || first === undefined) continue;
    const candidates = byLabel.get(labelKey(namespace, ...first)) ?? [];
    const serving = candidates.filter((instance) => selects(selector, instance.labels));
    const before = previous?.byService.get(key);
    byService.set(key, before !== undefined && hasSameItems(before, serving) ? before : serving);
  }
  return byService;
}

type Instances = ReadonlyMap<string, WorkloadInstance>;

const byInstanceKey = ([a]: [string, WorkloadInstance], [b]: [string, WorkloadInstance]): number =>
  compare(a, b);

const labelKey = (namespace: string, name: string, value: string): string =>
  `${namespace}\n${name}\n${value}`;

function hasSameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** Orders instances that wrongly share one name, so that the order of the input does not decide. */
const describe = (instance: WorkloadInstance): string => `${instance.address} ${instance.workload}`;

function isSame(a: WorkloadInstance, b: WorkloadInstance): boolean {
  if (a === b) return true;
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

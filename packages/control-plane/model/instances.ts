import type { WorkloadInstance } from './instance.ts';
import { compare } from './origin.ts';
import { selects } from './selector.ts';
import type { ServiceIndex } from './service.ts';

/** Which instances serve which service. Lists that did not change are the same objects as before. */
export interface InstanceIndex {
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
  const byLabel = new Map<string, WorkloadInstance[]>();
  for (const [, instance] of [...byKey].toSorted(([a], [b]) => compare(a, b))) {
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
  return { byKey, byService };
}

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

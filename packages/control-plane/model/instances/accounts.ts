import type { Resource } from '@tulle/resources/kind';
import { compare } from '../origin.ts';
import { selects } from '../selector.ts';
import type { ServiceIndex } from '../services/service.ts';
import type { InstanceIndex } from './instances.ts';

/**
 * The service accounts under which a service's instances may answer, by the service's key; sorted. What the
 * clients' TLS accepts. Known from Workloads before their first instance runs, so that starting one does not
 * change clusters.
 */
export type AccountIndex = ReadonlyMap<string, readonly string[]>;

interface WorkloadSpec {
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly serviceAccount?: string | undefined;
}

/** What names of accounts are made of. */
interface Accounted {
  readonly services: ServiceIndex;
  readonly workloads: readonly Resource[];
}

/** @param previous the same object is returned when nothing changed; services whose instances are the same are not looked at */
export function indexAccounts(
  { services, workloads }: Accounted,
  instances: InstanceIndex,
  previous?: {
    readonly config: Accounted;
    readonly instances: InstanceIndex;
    readonly accounts: AccountIndex;
  },
): AccountIndex {
  const declared = declaredAccounts(services, workloads);
  const isKept = previous?.config.services === services && previous.config.workloads === workloads;
  const accounts = new Map<string, readonly string[]>();
  for (const { key } of services.all) {
    const serving = instances.byService.get(key);
    const before = previous?.accounts.get(key);
    if (isKept && before !== undefined && previous.instances.byService.get(key) === serving) {
      accounts.set(key, before);
      continue;
    }
    const found = new Set(declared.get(key));
    for (const instance of serving ?? []) found.add(instance.serviceAccount);
    accounts.set(key, [...found].toSorted(compare));
  }
  return previous !== undefined && isSame(previous.accounts, accounts) ? previous.accounts : accounts;
}

type Declared = ReadonlyMap<string, readonly string[]>;
const known = new WeakMap<ServiceIndex, WeakMap<readonly Resource[], Declared>>();

/** The accounts that resources name: instances that come and go don't change them. */
function declaredAccounts(services: ServiceIndex, workloads: readonly Resource[]): Declared {
  const ofServices = known.get(services) ?? new WeakMap<readonly Resource[], Declared>();
  known.set(services, ofServices);
  const before = ofServices.get(workloads);
  if (before !== undefined) return before;
  const labelled = workloadsByLabel(workloads);
  const declared = new Map<string, readonly string[]>();
  for (const { key, namespace, selector, listed } of services.all) {
    const names = listed.map((endpoint) => endpoint.serviceAccount).filter((name) => name !== '');
    const first = Object.entries(selector ?? {})[0];
    const candidates = first === undefined ? workloads : (labelled.get(first.join('=')) ?? []);
    if (selector !== undefined) {
      for (const { metadata, spec } of candidates) {
        if ((metadata.namespace ?? '') !== namespace) continue;
        const { labels = {}, serviceAccount = 'default' } = (spec ?? {}) as WorkloadSpec;
        if (selects(selector, labels)) names.push(serviceAccount);
      }
    }
    declared.set(key, names);
  }
  ofServices.set(workloads, declared);
  return declared;
}

/** By `name=value` of each label. */
function workloadsByLabel(workloads: readonly Resource[]): ReadonlyMap<string, readonly Resource[]> {
  const found = new Map<string, Resource[]>();
  for (const workload of workloads) {
    const { labels = {} } = (workload.spec ?? {}) as WorkloadSpec;
    for (const label of Object.entries(labels)) {
      const key = label.join('=');
      const list = found.get(key);
      if (list === undefined) found.set(key, [workload]);
      else list.push(workload);
    }
  }
  return found;
}

function isSame(a: AccountIndex, b: AccountIndex): boolean {
  if (a.size !== b.size) return false;
  for (const [key, names] of a) {
    const other = b.get(key);
    if (names !== other && names.join() !== other?.join()) return false;
  }
  return true;
}

import type { Resource } from '@tulle/resources/kind';
import type { InstanceIndex } from './instances.ts';
import { compare } from './origin.ts';
import { selects } from './selector.ts';
import type { ServiceIndex } from './service.ts';

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

/** @param previous the same object is returned when nothing changed. */
export function indexAccounts(
  services: ServiceIndex,
  workloads: readonly Resource[],
  instances: InstanceIndex,
  previous?: AccountIndex,
): AccountIndex {
  const byNamespace = Map.groupBy(workloads, (workload) => workload.metadata.namespace ?? '');
  const accounts = new Map<string, readonly string[]>();
  for (const { key, namespace, selector, listed } of services.all) {
    const found = new Set(listed.map((endpoint) => endpoint.serviceAccount).filter((name) => name !== ''));
    if (selector !== undefined) {
      for (const workload of byNamespace.get(namespace) ?? []) {
        const { labels = {}, serviceAccount = 'default' } = (workload.spec ?? {}) as WorkloadSpec;
        if (selects(selector, labels)) found.add(serviceAccount);
      }
      for (const instance of instances.byService.get(key) ?? []) found.add(instance.serviceAccount);
    }
    accounts.set(key, [...found].toSorted(compare));
  }
  return previous !== undefined && isSame(previous, accounts) ? previous : accounts;
}

function isSame(a: AccountIndex, b: AccountIndex): boolean {
  if (a.size !== b.size) return false;
  for (const [key, names] of a) if (names.join() !== b.get(key)?.join()) return false;
  return true;
}

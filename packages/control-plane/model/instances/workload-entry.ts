import type { Resource } from '@tulle/resources/kind';
import type { Problem } from '@tulle/resources/problem';
import { isIpAddress } from '@tulle/resources/schema/host';
import type { Origin } from '@tulle/xds/resource';
import type { WorkloadEntrySpec } from '../istio.ts';
import { originOf } from '../origin.ts';
import type { Service } from '../services/service.ts';
import { listedAddress, tlsModeOf } from '../services/service-entry.ts';
import type { WorkloadInstance } from './instance.ts';

const instances = new WeakMap<Resource, WorkloadInstance>();

/**
 * A WorkloadEntry as an instance, the same object for the same resource: something that runs without a sidecar of ours. Its `ports` are by the name
 * of the service's port; a service port that it does not name is reached at its own number.
 */
export function workloadEntryInstance(resource: Resource): WorkloadInstance | undefined {
  const known = instances.get(resource);
  if (known !== undefined) return known;
  const made = makeInstance(resource);
  if (made !== undefined) instances.set(resource, made);
  return made;
}

function makeInstance(resource: Resource): WorkloadInstance | undefined {
  const { name, namespace = '' } = resource.metadata;
  const spec = (resource.spec ?? {}) as WorkloadEntrySpec;
  const { address = '', network = '' } = spec;
  if (address === '' && network === '') return undefined;
  return {
    name,
    namespace,
    workload: name,
    serviceAccount: spec.serviceAccount || 'default',
    labels: spec.labels ?? {},
    address: listedAddress(address),
    ports: Object.entries(spec.ports ?? {}).map(([portName, target]) => ({
      port: target,
      name: portName,
      target,
    })),
    portsByName: true,
    tlsMode: tlsModeOf(spec),
    weight: spec.weight || 1,
    locality: spec.locality ?? '',
    network,
    cluster: '',
    health: 'healthy',
  };
}

/** A name is looked up where a ServiceEntry with DNS lists it; other endpoints go to proxies as addresses. */
export function checkWorkloadEntries(
  entries: readonly Resource[],
  services: readonly Service[],
  report: (origin: Origin, problem: Problem) => void,
): void {
  for (const entry of entries) {
    const { address } = (entry.spec ?? {}) as WorkloadEntrySpec;
    if (address === undefined || address.startsWith('unix:') || isIpAddress(address)) continue;
    if (services.some(({ listed }) => listed.some((endpoint) => endpoint.address === address))) continue;
    report(originOf(entry), {
      severity: 'warning',
      code: 'not-supported',
      path: 'spec.address',
      message: `${address} is a host name: it gets requests only from a ServiceEntry with resolution DNS that selects it`,
    });
  }
}

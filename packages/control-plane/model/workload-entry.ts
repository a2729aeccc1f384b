import type { Resource } from '@tulle/resources/kind';
import type { Problem } from '@tulle/resources/problem';
import { isIpAddress } from '@tulle/resources/schema/host';
import type { Origin } from '@tulle/xds/resource';
import type { WorkloadInstance } from './instance.ts';
import type { WorkloadEntrySpec } from './istio.ts';
import { originOf } from './origin.ts';
import { listedAddress } from './service-entry.ts';

/**
 * A WorkloadEntry as an instance: something that runs without a sidecar of ours. Its `ports` are by the name
 * of the service's port; a service port that it does not name is reached at its own number.
 */
export function workloadEntryInstance(resource: Resource): WorkloadInstance | undefined {
  const { name, namespace = '' } = resource.metadata;
  const spec = (resource.spec ?? {}) as WorkloadEntrySpec;
  if (spec.address === undefined) return undefined;
  return {
    name,
    namespace,
    workload: name,
    serviceAccount: spec.serviceAccount || 'default',
    labels: spec.labels ?? {},
    address: listedAddress(spec.address),
    ports: Object.entries(spec.ports ?? {}).map(([portName, target]) => ({
      port: target,
      name: portName,
      target,
    })),
    tlsMode: spec.labels?.['security.istio.io/tlsMode'] === 'istio' ? 'istio' : 'disabled',
    weight: spec.weight || 1,
    locality: spec.locality ?? '',
    network: spec.network ?? '',
    cluster: '',
    health: 'healthy',
  };
}

/** An endpoint by name is looked up by nobody: endpoints go to proxies as addresses. */
export function checkWorkloadEntries(
  entries: readonly Resource[],
  report: (origin: Origin, problem: Problem) => void,
): void {
  for (const entry of entries) {
    const { address } = (entry.spec ?? {}) as WorkloadEntrySpec;
    if (address === undefined || address.startsWith('unix:') || isIpAddress(address)) continue;
    report(originOf(entry), {
      severity: 'warning',
      code: 'not-supported',
      path: 'spec.address',
      message: `${address} is a host name: only an IP address gets requests here`,
    });
  }
}

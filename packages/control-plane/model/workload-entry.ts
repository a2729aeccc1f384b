import type { Resource } from '@tulle/resources/kind';
import type { WorkloadInstance } from './instance.ts';
import type { WorkloadEntrySpec } from './istio.ts';

/**
 * A WorkloadEntry as an instance: something that runs without a sidecar of ours. Its `ports` are by the name
 * of the service's port; a service port that it does not name is reached at its own number.
 */
export function workloadEntryInstance(resource: Resource): WorkloadInstance | undefined {
  const { name, namespace = '' } = resource.metadata;
  const spec = (resource.spec ?? {}) as WorkloadEntrySpec;
  if (spec.address === undefined || spec.address.startsWith('unix:')) return undefined;
  return {
    name,
    namespace,
    workload: name,
    serviceAccount: spec.serviceAccount || 'default',
    labels: spec.labels ?? {},
    address: spec.address,
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

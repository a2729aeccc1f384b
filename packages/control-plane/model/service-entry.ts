import type { Resource } from '@tulle/resources/kind';
import { isIpAddress } from '@tulle/resources/schema/host';
import type { ServiceEntrySpec, WorkloadEntrySpec } from './istio.ts';
import { listedHost } from './kubernetes-service.ts';
import { originOf, seniorityOf } from './origin.ts';
import { portProtocol } from './protocol.ts';
import type { ListedEndpoint, Service } from './service.ts';

/** One service per host of a ServiceEntry. */
export function serviceEntryServices(resource: Resource): Service[] {
  const spec = resource.spec as ServiceEntrySpec;
  const seniority = seniorityOf(resource.metadata);
  const resolution = spec.resolution ?? 'NONE';
  const listed = (spec.endpoints ?? []).flatMap((endpoint) => listedEndpoint(endpoint) ?? []);
  const selector = spec.workloadSelector?.labels;
  return spec.hosts.map((written) => {
    const host = written.toLowerCase();
    const byName = resolution.includes('DNS') && selector === undefined;
    return {
      ...seniority,
      host,
      key: `${seniority.namespace}/${seniority.name}/${host}`,
      origin: originOf(resource),
      ports: (spec.ports ?? []).map((port) => ({
        number: port.number,
        name: port.name,
        protocol: portProtocol({ number: port.number, name: port.name, appProtocol: port.protocol }),
        targetPort: port.targetPort || port.number,
      })),
      selector,
      resolution:
        resolution === 'NONE' || resolution === 'DYNAMIC_DNS' ? 'forward' : byName ? 'dns' : 'instances',
      listed: byName && listed.length === 0 && !host.startsWith('*') ? [listedHost(host)] : listed,
      external: (spec.location ?? 'MESH_EXTERNAL') === 'MESH_EXTERNAL',
      exportTo: spec.exportTo ?? [],
      // Addresses of several hosts would not tell which is meant.
      addresses: spec.hosts.length === 1 ? (spec.addresses ?? []).filter(isIpAddress) : [],
      subjectAltNames: spec.subjectAltNames ?? [],
    };
  });
}

function listedEndpoint(entry: WorkloadEntrySpec): ListedEndpoint | undefined {
  const { address, ports = {}, labels = {}, locality = '', weight, serviceAccount = '' } = entry;
  if (address === undefined || address === '') return undefined;
  return {
    address: listedAddress(address),
    ports,
    labels,
    locality,
    weight: weight || 1,
    serviceAccount,
  };
}

/** Unix sockets go by their path, or their abstract name (`unix:///run/a`, `unix://@a`). */
export const listedAddress = (address: string): string => address.replace(/^unix:\/\//, '');

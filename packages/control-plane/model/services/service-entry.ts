import type { Resource } from '@tulle/resources/kind';
import { isIpAddress } from '@tulle/resources/schema/host';
import type { ServiceEntrySpec, WorkloadEntrySpec } from '../istio.ts';
import { originOf, seniorityOf } from '../origin.ts';
import { selects } from '../selector.ts';
import { listedHost } from './kubernetes-service.ts';
import { portProtocol } from './protocol.ts';
import type { ListedEndpoint, Service } from './service.ts';

const resolutions = {
  NONE: 'forward',
  STATIC: 'instances',
  DNS: 'dns',
  DNS_ROUND_ROBIN: 'round-robin-dns',
  DYNAMIC_DNS: 'dynamic-dns',
} as const satisfies Record<NonNullable<ServiceEntrySpec['resolution']>, Service['resolution']>;

/**
 * One service per host of a ServiceEntry.
 *
 * @param entries WorkloadEntries of all namespaces: those that it selects are looked up where it says DNS and one of
 * them is a name; else what it selects are instances, found by discovery
 */
export function serviceEntryServices(resource: Resource, entries: readonly Resource[]): Service[] {
  const spec = resource.spec as ServiceEntrySpec;
  const seniority = seniorityOf(resource.metadata);
  const kind = resolutions[spec.resolution ?? 'NONE'];
  const isLookedUp = kind === 'dns' || kind === 'round-robin-dns';
  const selector = spec.workloadSelector?.labels;
  const named =
    isLookedUp && selector !== undefined ? namedEntries(entries, seniority.namespace, selector) : [];
  const isSelected = selector !== undefined && named.length === 0;
  // What is behind its network's gateways has no address that could be looked up.
  const listed = [...(spec.endpoints ?? []), ...named]
    .flatMap((endpoint) => listedEndpoint(endpoint) ?? [])
    .filter(({ address }) => address !== '' || !isLookedUp);
  const written = spec.addresses ?? [];
  // Addresses of several hosts would not tell which is meant.
  const isAlone = spec.hosts.length === 1;
  const ranges = isAlone ? written.filter((address) => !isIpAddress(address)) : written;
  return spec.hosts.map((name) => {
    const host = name.toLowerCase();
    const isHostItself = isLookedUp && !isSelected && listed.length === 0 && !host.startsWith('*');
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
      selector: isSelected ? selector : undefined,
      resolution: isLookedUp && isSelected ? 'instances' : kind,
      listed: isHostItself ? [listedHost(host)] : listed,
      external: (spec.location ?? 'MESH_EXTERNAL') === 'MESH_EXTERNAL',
      exportTo: spec.exportTo ?? [],
      addresses: isAlone ? written.filter(isIpAddress) : [],
      ...(ranges.length > 0 && { ranges }),
      subjectAltNames: spec.subjectAltNames ?? [],
    };
  });
}

/** Whether a WorkloadEntry that it selects may be looked up for it, and so is part of its service. */
export function mayListEntries({ spec }: Resource): boolean {
  const { resolution, workloadSelector } = spec as ServiceEntrySpec;
  const kind = resolutions[resolution ?? 'NONE'];
  return (kind === 'dns' || kind === 'round-robin-dns') && workloadSelector?.labels !== undefined;
}

/**
 * A Service with the identities that ServiceEntries of its host add (Istio: such an entry decorates it). Only those of
 * its own namespace: who answers for a service is not for others to say.
 */
export function decorated(service: Service, entries: readonly Service[]): Service {
  const more = entries
    .filter(({ host, namespace }) => host === service.host && namespace === service.namespace)
    .flatMap(({ subjectAltNames }) => subjectAltNames);
  return more.length === 0 ? service : { ...service, subjectAltNames: [...service.subjectAltNames, ...more] };
}

/** The WorkloadEntries that are selected, if one of them is a host name. */
function namedEntries(
  entries: readonly Resource[],
  namespace: string,
  selector: Readonly<Record<string, string>>,
): readonly WorkloadEntrySpec[] {
  const selected = entries
    .filter(({ metadata }) => metadata.namespace === namespace)
    .map(({ spec }) => (spec ?? {}) as WorkloadEntrySpec)
    .filter(({ labels = {} }) => selects(selector, labels));
  return selected.some(({ address = '' }) => isName(address)) ? selected : [];
}

const isName = (address: string): boolean =>
  address !== '' && !address.startsWith('unix:') && !isIpAddress(address);

function listedEndpoint(entry: WorkloadEntrySpec): ListedEndpoint | undefined {
  const { address = '', ports = {}, labels = {}, locality = '', weight, serviceAccount = '' } = entry;
  const { network = '' } = entry;
  if (address === '' && network === '') return undefined;
  return {
    address: listedAddress(address),
    ports,
    labels,
    locality,
    weight: weight || 1,
    serviceAccount,
    network,
    tlsMode: tlsModeOf(entry),
  };
}

/** What answers there: as its label `security.istio.io/tlsMode` says, else mTLS where it has an account (Istio). */
export function tlsModeOf({ labels = {}, serviceAccount = '' }: WorkloadEntrySpec): 'istio' | 'disabled' {
  const said = labels['security.istio.io/tlsMode'];
  return (said === undefined ? serviceAccount !== '' : said === 'istio') ? 'istio' : 'disabled';
}

/** Unix sockets go by their path, or their abstract name (`unix:///run/a`, `unix://@a`). */
export const listedAddress = (address: string): string => address.replace(/^unix:\/\//, '');

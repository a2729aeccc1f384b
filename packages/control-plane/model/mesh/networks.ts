import type { Resource } from '@tulle/resources/kind';
import { isIpAddress } from '@tulle/resources/schema/host';
import { instancePort } from '../instances/instance-port.ts';
import type { InstanceIndex } from '../instances/instances.ts';
import { compare, rootNamespaces } from '../origin.ts';
import { serviceHost } from '../services/host.ts';
import { findPort, type Service, type ServiceIndex } from '../services/service.ts';
import { networkLabel } from '../traffic/locality.ts';
import type { MeshNetworksSpec } from './mesh-networks.ts';

/** How a network is entered, as it was written. */
export type GatewaySource =
  | { readonly address: string; readonly port: number }
  /** A host name, in lower case: its addresses are the gateways. */
  | { readonly name: string; readonly port: number }
  /** Full name of a Service, whose instances are the gateways. */
  | { readonly host: string; readonly port: number; readonly service: Service | undefined };

/** What is written of networks. */
export interface NetworkConfig {
  /** Some network is entered by gateways: else everybody reaches everybody, whatever networks they are in. */
  readonly isSplit: boolean;
  /** Of all that do not say where they are; empty: none. */
  readonly own: string;
  /** By name, as meshNetworks has them. */
  readonly written: NonNullable<MeshNetworksSpec['networks']>;
  /** Networks that are entered by gateways, by name, in that order. */
  readonly gateways: ReadonlyMap<string, readonly GatewaySource[]>;
}

/** An address at which a network is entered. */
export interface NetworkGateway {
  readonly address: string;
  readonly port: number;
  /** The Service that it is an instance of; undefined: it is written in meshNetworks. */
  readonly service: Service | undefined;
}

/** Addresses of gateways that meshNetworks names, by name; what is missing could not be looked up so far. */
export type GatewayNames = ReadonlyMap<string, readonly string[]>;

/** Networks as they are: with the gateways that run. */
export interface Networks {
  readonly config: NetworkConfig;
  /** Undefined: whoever made the model looks up no names. */
  readonly names: GatewayNames | undefined;
  /** By network, sorted by address; an empty list: it has gateways, none of which is known to run. */
  readonly gateways: ReadonlyMap<string, readonly NetworkGateway[]>;
}

/** Port of gateways between networks, where a Service's label does not say (Istio). */
const defaultGatewayPort = 15443;
const portLabel = 'networking.istio.io/gatewayPort';

/**
 * What the mesh's networks are: by meshNetworks, by Services with the label `topology.istio.io/network`. Who does not say
 * where it is, is where the mesh's own namespace is by that label, else where meshNetworks has its cluster or address.
 */
export function networkConfig(
  { networks = {} }: MeshNetworksSpec,
  services: ServiceIndex,
  written: readonly Resource[],
  namespaces: readonly Resource[],
): NetworkConfig {
  const found = new Map<string, GatewaySource[]>();
  const add = (network: string, source: GatewaySource): void => {
    const known = found.get(network);
    if (known === undefined) found.set(network, [source]);
    else known.push(source);
  };
  for (const [network, { gateways = [] }] of Object.entries(networks))
    for (const { address, registryServiceName: host, port } of gateways)
      if (address !== undefined) {
        const name = gatewayName({ address });
        add(network, name === undefined ? { address, port } : { name, port });
      } else if (host !== undefined)
        add(network, { host, port, service: services.all.find((service) => service.host === host) });
  for (const { metadata } of written) {
    const network = metadata.labels?.[networkLabel];
    if (!network) continue;
    const host = serviceHost(metadata.name, metadata.namespace ?? '');
    const port = Number(metadata.labels?.[portLabel]) || defaultGatewayPort;
    add(network, { host, port, service: services.all.find((service) => service.host === host) });
  }
  const own = namespaces.filter(({ metadata }) => rootNamespaces.includes(metadata.name));
  const labels = own.map(({ metadata }) => metadata.labels?.[networkLabel]);
  return {
    isSplit: found.size > 0,
    own: labels.find(Boolean) ?? '',
    written: networks,
    gateways: new Map([...found].toSorted(([a], [b]) => compare(a, b))),
  };
}

/** As a name is looked up; undefined: it is an address. */
export const gatewayName = ({
  address = '',
}: {
  readonly address?: string | undefined;
}): string | undefined =>
  address === '' || isIpAddress(address) ? undefined : address.replace(/\.$/, '').toLowerCase();

/** The names that have to be looked up. */
export const gatewayNamesOf = ({ gateways }: NetworkConfig): ReadonlySet<string> =>
  new Set([...gateways.values()].flat().flatMap((source) => ('name' in source ? [source.name] : [])));

/** @param previous the same object is returned while the configuration and the gateways are the same */
export function indexNetworks(
  config: NetworkConfig,
  instances: InstanceIndex,
  names: GatewayNames | undefined,
  previous?: Networks,
): Networks {
  const gateways = new Map(
    [...config.gateways].map(([network, sources]) => [
      network,
      distinct(sources.flatMap((source) => gatewaysOf(source, instances, names))),
    ]),
  );
  if (previous?.config === config && previous.names === names && isSame(previous.gateways, gateways))
    return previous;
  return { config, names, gateways };
}

/** Those that serve; where none does, nobody. */
function gatewaysOf(
  source: GatewaySource,
  { byService }: InstanceIndex,
  names: GatewayNames | undefined,
): readonly NetworkGateway[] {
  if ('address' in source) return [{ ...source, service: undefined }];
  if ('name' in source) {
    const { name, port } = source;
    return (names?.get(name) ?? []).map((address) => ({ address, port, service: undefined }));
  }
  const { service } = source;
  if (service === undefined) return [];
  const port = findPort(service, source.port);
  if (port === undefined) return [];
  const found = (byService.get(service.key) ?? []).flatMap((instance): NetworkGateway[] => {
    const target = instancePort(instance, port);
    if (instance.health !== 'healthy' || target === undefined) return [];
    return [{ address: instance.address, port: target, service }];
  });
  const listed = service.listed.map(({ address, ports }): NetworkGateway => {
    const target = typeof port.targetPort === 'number' ? port.targetPort : port.number;
    const own = Object.hasOwn(ports, port.name) ? ports[port.name] : undefined;
    return { address, port: own ?? target, service };
  });
  return [...found, ...listed].filter(({ address }) => isIpAddress(address));
}

function distinct(gateways: readonly NetworkGateway[]): readonly NetworkGateway[] {
  const byAddress = new Map(gateways.map((one) => [`${one.address} ${one.port}`, one]));
  return [...byAddress.values()].toSorted((a, b) => compare(a.address, b.address) || a.port - b.port);
}

function isSame(a: Networks['gateways'], b: Networks['gateways']): boolean {
  for (const [network, gateways] of a) {
    const others = b.get(network) ?? [];
    if (
      gateways.length !== others.length ||
      gateways.some((one, index) => one.address !== others[index]?.address || one.port !== others[index].port)
    )
      return false;
  }
  return true;
}

import type { Origin } from '@tulle/xds/resource';
import { bySeniority, compare, type Seniority } from '../origin.ts';
import { isExportedTo } from './host.ts';
import type { Protocol } from './protocol.ts';

export interface ServicePort {
  readonly number: number;
  readonly name: string;
  readonly protocol: Protocol;
  /** The port of an instance, by number or by name. */
  readonly targetPort: number | string;
}

/** An endpoint that its resource itself lists (ServiceEntry.endpoints, ExternalName). */
export interface ListedEndpoint {
  /** An IP address, a name, or the path of a Unix socket on the caller's machine. */
  readonly address: string;
  /** By the service port's name. */
  readonly ports: Readonly<Record<string, number>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly locality: string;
  readonly weight: number;
  readonly serviceAccount: string;
  readonly network: string;
  /** `istio`: a sidecar answers with mTLS. `disabled`: plain text. */
  readonly tlsMode: 'istio' | 'disabled';
}

/** A host that can be called: a Kubernetes Service, or one host of a ServiceEntry. */
export interface Service extends Seniority {
  readonly host: string;
  /** `namespace/host`, of a ServiceEntry `namespace/name/host`: two of them may claim one host. */
  readonly key: string;
  readonly origin: Origin;
  readonly ports: readonly ServicePort[];
  /** Which instances of its namespace serve it; undefined: none, or those that are listed. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  /**
   * Where endpoints come from. `instances`: discovery, and what is listed; by EDS. `dns`: the listed names.
   * `round-robin-dns`: one name, resolved by each connection. `forward`: where the client was going (ServiceEntry
   * resolution NONE). `dynamic-dns`: whatever host the request or its TLS names.
   */
  readonly resolution: 'instances' | 'dns' | 'round-robin-dns' | 'forward' | 'dynamic-dns';
  readonly listed: readonly ListedEndpoint[];
  /** Outside the mesh: no sidecar answers there. */
  readonly external: boolean;
  readonly exportTo: readonly string[];
  /** Virtual addresses that its resource names: IPs, no ranges. */
  readonly addresses: readonly string[];
  /** Addresses that are not its own alone: prefixes, and those that its resource's other hosts share. */
  readonly ranges?: readonly string[];
  /** Identities that its instances may have, beyond those that discovery tells. */
  readonly subjectAltNames: readonly string[];
}

/** Whether it has no endpoints of its own: requests say where it is. */
export const isForwarded = ({ resolution }: Service): boolean =>
  resolution === 'forward' || resolution === 'dynamic-dns';

export function findPort(service: Service, number: number): ServicePort | undefined {
  return service.ports.find((port) => port.number === number);
}

/** The port of a service that leads to a port of an instance. */
export const portTo = (
  { ports }: Service,
  { port, name }: { readonly port: number; readonly name?: string },
): ServicePort | undefined => ports.find(({ targetPort }) => targetPort === port || targetPort === name);

export interface ServiceIndex {
  /** By host, then the older first; Kubernetes Services before ServiceEntries of the same host. */
  readonly all: readonly Service[];
  /** Every service of a host that `viewer` can see: its own namespace's, then a Service, then the oldest. */
  visible(host: string, viewer: string): Service | undefined;
  /** One service per host, as `viewer` sees them; by host. Shared between callers that see all that are exported. */
  visibleTo(viewer: string, admits?: (service: Service) => boolean): readonly Service[];
  /** Whether any namespace has the host; exactly, not by wildcard. */
  has(host: string): boolean;
  byNamespace(namespace: string): readonly Service[];
}

const everything = (_: Service): boolean => true;

const rank = (service: Service): number => (service.origin.kind === 'Service' ? 0 : 1);

/**
 * Services by host and namespace. Of one host the viewer’s own namespace comes first, then Services, then the oldest.
 */
export function indexServices(services: readonly Service[]): ServiceIndex {
  const all = services.toSorted((a, b) => compare(a.host, b.host) || rank(a) - rank(b) || bySeniority(a, b));
  const byHost = Map.groupBy(all, (service) => service.host);
  const byNamespace = Map.groupBy(all, (service) => service.namespace);
  const views = new Map<string, readonly Service[]>();
  const visible = (host: string, viewer: string, admits = everything): Service | undefined => {
    const seen = byHost
      .get(host)
      ?.filter((service) => isExportedTo(service.exportTo, service.namespace, viewer) && admits(service));
    return seen?.find((service) => service.namespace === viewer) ?? seen?.[0];
  };
  return {
    all,
    visible: (host, viewer) => visible(host, viewer),
    visibleTo: (viewer, admits) => {
      if (admits !== undefined)
        return [...byHost.keys()].flatMap((host) => visible(host, viewer, admits) ?? []);
      const known = views.get(viewer);
      if (known !== undefined) return known;
      const view = [...byHost.keys()].flatMap((host) => visible(host, viewer) ?? []);
      views.set(viewer, view);
      return view;
    },
    has: (host) => byHost.has(host),
    byNamespace: (namespace) => byNamespace.get(namespace) ?? [],
  };
}

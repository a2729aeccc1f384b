import type { Origin } from '@tulle/xds/resource';
import { hostCovers, resolveHost } from '../../model/services/host.ts';
import type { Service, ServicePort } from '../../model/services/service.ts';
import type { Egress, SidecarDecision } from '../../model/traffic/sidecar.ts';
import { clientLabels, type ProxyDescription } from '../proxy.ts';
import { type View, viewOf, viewThrough } from './view.ts';

/** A service's port that an application may call, and how it sees the mesh there. */
export interface CallablePort {
  readonly view: View;
  readonly service: Service;
  readonly port: ServicePort;
}

/** What a sidecar's application may call. */
export interface Scope {
  /** Tells scopes of a view apart. */
  readonly key: string;
  readonly ports: readonly CallablePort[];
  /** By whose virtual services hosts without a service may be called; undefined: none may. */
  readonly virtualOnly: View | undefined;
  /** What says so in a Sidecar: it is applied where the tables are, even if it only takes away. */
  readonly origins: readonly Origin[];
}

/** Of a gateway: what it may call is what its routes lead to. */
export const nothing: Scope = { key: 'nothing', ports: [], virtualOnly: undefined, origins: [] };

/** How a sidecar sees the mesh: through the egress listener without a port, if its Sidecar has any. */
export function viewFor(
  config: View['config'],
  proxy: ProxyDescription,
  sidecar: SidecarDecision | undefined,
): View {
  const { NAMESPACE, TULLE_CAPTURE } = proxy.metadata;
  const view = viewOf(
    config,
    NAMESPACE,
    clientLabels(proxy, config.networks),
    TULLE_CAPTURE !== undefined,
    sidecar?.outbound,
  );
  if (sidecar?.egress === undefined) return view;
  return viewThrough(view, catchAll(sidecar.egress)?.imports ?? { ...none, key: `${sidecar.key}[none]` });
}

const none = { hasService: () => false, hasRoutes: () => false };
const catchAll = (egress: readonly Egress[]): Egress | undefined =>
  egress.find(({ spec }) => spec.port === undefined);

/**
 * What the application may call: as its Sidecar says, else its declared upstreams, or all services when nothing
 * is declared.
 */
export function scopeOf(view: View, proxy: ProxyDescription, sidecar: SidecarDecision | undefined): Scope {
  if (sidecar?.egress !== undefined) return imported(view, sidecar.key, sidecar.egress);
  const { upstreams, onlyDeclared = false } = proxy.metadata.TULLE_OUTBOUND;
  if (upstreams.length === 0 && !onlyDeclared)
    return view.once('scope', () => ({ key: 'all', ports: portsOf(view), virtualOnly: view, origins: [] }));
  const chosen = new Set(upstreams.flatMap(({ host }) => declaredService(view, host) ?? []));
  const services = view.services.filter((service) => chosen.has(service));
  const key = services.map((service) => service.key).join();
  return { key, ports: portsOf(view, services), virtualOnly: undefined, origins: [] };
}

/** A listener with a port says what is called on that port; the one without says it for all others. */
function imported(view: View, key: string, egress: readonly Egress[]): Scope {
  return view.once(`scope ${key}`, () => {
    const numbered = new Map(
      egress.flatMap((one): [number, Egress][] => {
        const number = one.spec.port?.number ?? 0;
        return number === 0 || hasOwnAddress(one) ? [] : [[number, one]];
      }),
    );
    const byPort = new Map(
      [...numbered].map(([number, { imports }]) => [number, viewThrough(view, imports)]),
    );
    const rest = portsOf(view).filter(({ port }) => !byPort.has(port.number));
    const own = [...byPort].flatMap(([number, through]) =>
      portsOf(through).filter(({ port }) => port.number === number),
    );
    const origins = egress.map(({ origin }) => origin);
    return { key, ports: [...rest, ...own], virtualOnly: byPort.get(80) ?? view, origins };
  });
}

/** Whether an egress listener is called at an address of its own, and only there. */
export const hasOwnAddress = ({ spec }: Egress): boolean =>
  spec.port !== undefined && (Boolean(spec.bind) || spec.captureMode === 'NONE');

export const portsOf = (view: View, services = view.services): CallablePort[] =>
  services.flatMap((service) => service.ports.map((port) => ({ view, service, port })));

/** A host as a Workload declares it; a name under a ServiceEntry's wildcard is that entry. */
function declaredService(view: View, host: string): Service | undefined {
  const full = fullName(view, host);
  return (
    view.service(full) ??
    view.services.find((service) => service.host !== '*' && hostCovers(service.host, full))
  );
}

/** What of the scope a declared upstream is. */
export function findCallable(
  view: View,
  { ports }: Scope,
  host: string,
  number: number,
): CallablePort | undefined {
  const full = fullName(view, host);
  const ofNumber = ports.filter(({ port }) => port.number === number);
  return (
    ofNumber.find(({ service }) => service.host === full) ??
    ofNumber.find(({ service }) => service.host !== '*' && hostCovers(service.host, full))
  );
}

const fullName = (view: View, host: string): string =>
  resolveHost(host, view.namespace, (name) => view.config.services.has(name));

import { type InboundPort, parseNodeId } from '@tulle/xds/node';
import type { Origin } from '@tulle/xds/resource';
import type { ConnectionPool, IngressListenerSpec, ServerTls } from '../../model/istio.ts';
import type { ConfigModel } from '../../model/model.ts';
import { at, originOf, resourceKey } from '../../model/origin.ts';
import { listedAddress } from '../../model/services/service-entry.ts';
import type { Listed, SidecarDecision } from '../../model/traffic/sidecar.ts';
import type { ProxyDescription } from '../proxy.ts';

/** An address that a sidecar binds, or its application listens on: a port of it, or a Unix socket (port 0). */
interface Place {
  readonly address: string;
  readonly port: number;
}

/** A port of an application as its sidecar serves it. */
export interface ServedPort {
  /** The port that callers know; 0: a Unix socket's. */
  readonly port: number;
  readonly name?: string;
  readonly protocol?: string;
  /** Tells the ports of a proxy apart: the number, or the Unix socket. */
  readonly id: string;
  readonly bindings: readonly (Place & { readonly name: string })[];
  readonly app: Place;
  /** Port that redirected connections were going to; undefined: none are for it. */
  readonly redirectedTo: number | undefined;
  readonly connectionPool: ConnectionPool | undefined;
  /** Of clients outside the mesh. */
  readonly tls?: ServerTls;
  readonly origins: readonly Origin[];
}

const loopback = '127.0.0.1';

/** The ports that a Sidecar's ingress names, else those of the workload. */
export function servedPorts(
  config: ConfigModel,
  proxy: ProxyDescription,
  sidecar: SidecarDecision | undefined,
): readonly ServedPort[] {
  const { NAMESPACE, WORKLOAD_NAME, TULLE_INBOUND } = proxy.metadata;
  if (sidecar?.ingress !== undefined)
    return sidecar.ingress.map((listed) => ingressPort(listed, proxy, sidecar.inboundConnectionPool));
  const workload = config.resources.get(
    resourceKey({ kind: 'Workload', namespace: NAMESPACE, name: WORKLOAD_NAME }),
  );
  const origins = workload === undefined ? [] : [at(originOf(workload), 'spec.ports')];
  return TULLE_INBOUND.map((port) => ({
    ...declared(port),
    origins,
    connectionPool: sidecar?.inboundConnectionPool,
  }));
}

function declared(inbound: InboundPort): Omit<ServedPort, 'origins' | 'connectionPool'> {
  const { port, name, protocol, bindAddress, bindPort, appAddress, appPort } = inbound;
  return {
    port,
    ...(name !== undefined && { name }),
    ...(protocol !== undefined && { protocol }),
    id: String(port),
    bindings: [{ name: `inbound_${port}`, address: bindAddress, port: bindPort }],
    app: { address: appAddress, port: appPort },
    redirectedTo: appPort,
  };
}

/**
 * An ingress listener. A port that the workload has is still bound where the mesh's callers are sent; a `bind` or
 * `captureMode: NONE` binds the port itself, too, and so does a port that the workload lacks.
 */
function ingressPort(
  { spec, origin }: Listed<IngressListenerSpec>,
  proxy: ProxyDescription,
  mesh: ConnectionPool | undefined,
): ServedPort {
  const { bind = '', captureMode = 'DEFAULT', defaultEndpoint = '', connectionPool = mesh } = spec;
  const { number = 0, name, protocol } = spec.port;
  const { TULLE_INBOUND, TULLE_CAPTURE } = proxy.metadata;
  const own = TULLE_INBOUND.find(({ port }) => port === number);
  const known = own && declared(own);
  const isUnix = number === 0;
  const binds = isUnix || bind !== '' || captureMode === 'NONE';
  const isRedirected = TULLE_CAPTURE !== undefined && !isUnix && captureMode !== 'NONE';
  const address = listedAddress(bind || loopback);
  const itself = { name: `inbound_${isUnix ? address : `${address}_${number}`}`, address, port: number };
  return {
    port: number,
    ...((known?.name ?? name) !== undefined && { name: known?.name ?? (name as string) }),
    ...(protocol !== undefined && { protocol }),
    id: isUnix ? address : String(number),
    bindings: [
      ...(known?.bindings ?? []),
      ...(binds || (known === undefined && !isRedirected) ? [itself] : []),
    ],
    app: applicationAt(defaultEndpoint, proxy) ?? known?.app ?? { address: loopback, port: number },
    redirectedTo: isRedirected ? (known?.redirectedTo ?? number) : undefined,
    connectionPool,
    ...(spec.tls && { tls: spec.tls }),
    origins: [origin],
  };
}

/** Istio's `defaultEndpoint`; 0.0.0.0, [::] and none mean the instance's own address. */
function applicationAt(endpoint: string, proxy: ProxyDescription): Place | undefined {
  if (endpoint === '') return undefined;
  if (endpoint.startsWith('unix:')) return { address: listedAddress(endpoint), port: 0 };
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon);
  const port = Number(endpoint.slice(colon + 1));
  if (host === loopback || host === '[::1]') return { address: host.replace(/[[\]]/g, ''), port };
  return { address: parseNodeId(proxy.id)?.address ?? loopback, port };
}

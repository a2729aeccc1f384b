import type { Cluster, Endpoint, ProxyProtocolVersion, UpstreamTls } from '@tulle/decision/tables';
import type { ConnectionAddresses } from '../net/addresses.ts';
import { writeProxyHeader } from '../net/proxy-header.ts';

/** How to speak to an endpoint. `key` tells pools apart. */
export interface Transport {
  readonly key: string;
  /** The key of pools for requests of high priority. */
  readonly highKey: string;
  readonly tls: UpstreamTls | undefined;
  readonly proxyProtocol?: ProxyProtocolVersion | undefined;
  /** What a connection begins with, before TLS. */
  readonly preface?: Buffer;
}

/** TLS settings are compared by identity: translation keeps the objects of a resource that did not change. */
const keys = new WeakMap<UpstreamTls, Map<string, Transport>>();
const plain = new Map<string, Transport>();
let serial = 0;

function transportOf(
  tls: UpstreamTls | undefined,
  proxyProtocol: ProxyProtocolVersion | undefined,
): Transport {
  let known = tls === undefined ? plain : keys.get(tls);
  if (known === undefined) {
    known = new Map();
    keys.set(tls as UpstreamTls, known);
  }
  const name = proxyProtocol ?? '';
  let transport = known.get(name);
  if (transport === undefined) {
    const key = `${name}${tls === undefined ? 'raw' : `tls-${++serial}`}`;
    transport = { key, highKey: `high/${key}`, tls, proxyProtocol };
    known.set(name, transport);
  }
  return transport;
}

/** The first transport match whose every label the endpoint has; else the cluster's own. */
export function chooseTransport(cluster: Cluster, endpoint: Endpoint): Transport {
  for (const { match, tls, proxyProtocol } of cluster.tlsMatches) {
    if (Object.entries(match).every(([name, value]) => endpoint.transport[name] === value))
      return transportOf(tls, proxyProtocol);
  }
  return transportOf(cluster.tls, cluster.proxyProtocol);
}

/** With a PROXY header, connections are those of one client and shared with no other. */
export function onBehalfOf(transport: Transport, source: ConnectionAddresses | undefined): Transport {
  if (transport.proxyProtocol === undefined) return transport;
  const preface = writeProxyHeader(transport.proxyProtocol, source);
  const key = `${transport.key}/${preface.toString('latin1')}`;
  return { ...transport, key, highKey: `high/${key}`, preface };
}

import type { Cluster, Endpoint, UpstreamTls } from '@tulle/decision/tables';

/** How to speak to an endpoint. `key` tells pools apart. */
export interface Transport {
  readonly key: string;
  /** The key of pools for requests of high priority. */
  readonly highKey: string;
  readonly tls: UpstreamTls | undefined;
}

const plain: Transport = { key: 'raw', highKey: 'high/raw', tls: undefined };

/** TLS settings are compared by identity: translation keeps the objects of a resource that did not change. */
const keys = new WeakMap<UpstreamTls, Transport>();
let serial = 0;

function transportOf(tls: UpstreamTls | undefined): Transport {
  if (tls === undefined) return plain;
  let known = keys.get(tls);
  if (known === undefined) {
    const key = `tls-${++serial}`;
    known = { key, highKey: `high/${key}`, tls };
    keys.set(tls, known);
  }
  return known;
}

/** The first transport match whose every label the endpoint has; else the cluster's own. */
export function chooseTransport(cluster: Cluster, endpoint: Endpoint): Transport {
  for (const { match, tls } of cluster.tlsMatches) {
    if (Object.entries(match).every(([name, value]) => endpoint.transport[name] === value))
      return transportOf(tls);
  }
  return transportOf(cluster.tls);
}

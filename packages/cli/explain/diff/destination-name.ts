import { localCluster } from '@tulle/xds/resource';

const named: Readonly<Record<string, string>> = {
  PassthroughCluster: 'the address that the client chose',
  InboundPassthroughCluster: 'the address that the client chose',
  BlackHoleCluster: 'nowhere, it is closed',
  [localCluster]: 'who calls',
};

/**
 * Where requests go, as who writes resources calls it: `outbound|9080|v1|reviews.default.svc.cluster.local` ⇒
 * `reviews.default:9080 v1`; others as they are.
 */
export function destinationName(cluster: string): string {
  const [direction, port, subset = '', host] = cluster.split('|');
  if (direction === 'outbound' && host !== undefined) return serviceName(host, port, subset);
  if (direction === 'inbound' && host !== undefined) return `the application at port ${port}`;
  const passed = passedService(cluster);
  return passed === undefined ? (named[cluster] ?? cluster) : `${passed}, its TLS as it is`;
}

/** A name that sidecars give a service in TLS, `outbound_.5432_._.db.default.svc.cluster.local`; undefined: another. */
export function passedService(name: string): string | undefined {
  const [, port, subset = '', host] = /^outbound_\.(\d+)_\.([^_]*)_\.(.+)$/.exec(name) ?? [];
  return host === undefined ? undefined : serviceName(host, port, subset);
}

const serviceName = (host: string, port = '', subset: string): string =>
  `${host.replace(/\.svc\.cluster\.local$/, '')}:${port}${subset === '' ? '' : ` ${subset}`}`;

/** `75 % reviews.default:9080 v1, 25 % reviews.default:9080 v2`. */
export function shareWords(shares: readonly { readonly name: string; readonly weight: number }[]): string {
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  return shares
    .map(({ name, weight }) => `${Math.round((weight / total) * 1000) / 10} % ${destinationName(name)}`)
    .join(', ');
}

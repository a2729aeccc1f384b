import { list, text } from './config-dump.ts';
import type { ProxyStatus } from './proxies.ts';
import { askProxy } from './proxy-admin.ts';

/** Addresses of the mesh's own gateway. */
interface GatewayUrls {
  readonly http?: string;
  readonly https?: string;
}

/**
 * Those that the gateway listens on: a port that no Gateway has opened refuses connections. All of them where it can't be
 * asked: it is starting, or its control plane is.
 * @param ask its admin endpoint
 */
export async function openUrls(
  urls: GatewayUrls,
  proxies: readonly ProxyStatus[],
  ask: (proxy: ProxyStatus, path: string) => Promise<unknown> = askProxy,
): Promise<GatewayUrls> {
  const gateway = proxies.find(
    ({ metadata, workload }) => workload === 'ingressgateway' && metadata.namespace === 'tulle-system',
  );
  const answer = gateway && (await ask(gateway, '/listeners?format=json').catch(() => undefined));
  if (answer === undefined) return urls;
  const ports = new Set(
    list(answer, 'listener_statuses').map((one) =>
      text(one, 'local_address', 'socket_address', 'port_value'),
    ),
  );
  const isOpen = ([, url]: readonly [string, string]): boolean => ports.has(new URL(url).port);
  return Object.fromEntries(Object.entries(urls).filter(isOpen));
}

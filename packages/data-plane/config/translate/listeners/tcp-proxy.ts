import type { WeightedCluster } from '@tulle/decision/tables/route-action';
import type { TcpProxy, Tunnel } from '@tulle/decision/tables/tcp-proxy';
import type { tcp_proxy_TcpProxy_TunnelingConfig } from '@tulle/xds/wire';
import { milliseconds } from '../values/duration.ts';
import { noMutations } from '../values/header-mutation.ts';
import { type Problems, read } from '../values/problems.ts';
import { translateAccessLogs } from './access-log.ts';

export const tcpProxyName = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
/** Envoy's default. */
const idleTimeoutMs = 3_600_000;

/** envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, as bytes. */
export function translateTcpProxy(bytes: Uint8Array, path: string, problems: Problems): TcpProxy | undefined {
  const proxy = read(tcpProxyName, bytes, path, problems);
  if (proxy === undefined) return undefined;
  const clusters: readonly WeightedCluster[] =
    proxy.weightedClusters === undefined
      ? [{ name: proxy.cluster ?? '', weight: 1, ...noMutations }]
      : proxy.weightedClusters.clusters.map(({ name, weight }) => ({ name, weight, ...noMutations }));
  if (clusters.some(({ name }) => name === '')) problems.add(path, 'must name a cluster');
  if (!clusters.some(({ weight }) => weight > 0)) problems.add(path, 'weights must not all be 0');
  return {
    statPrefix: proxy.statPrefix,
    clusters,
    idleTimeoutMs: milliseconds(proxy.idleTimeout, idleTimeoutMs, `${path}.idle_timeout`, problems),
    maxDurationMs: milliseconds(
      proxy.maxDownstreamConnectionDuration,
      0,
      `${path}.max_downstream_connection_duration`,
      problems,
    ),
    ...(proxy.hashPolicy.some(({ sourceIp }) => sourceIp !== undefined) && { hashSourceIp: true }),
    ...(proxy.tunnelingConfig === undefined ? {} : { tunnel: translateTunnel(proxy.tunnelingConfig) }),
    maxConnectAttempts: proxy.maxConnectAttempts ?? 1,
    accessLogs: translateAccessLogs(proxy.accessLog, `${path}.access_log`, problems),
  };
}

const translateTunnel = ({ hostname, usePost }: tcp_proxy_TcpProxy_TunnelingConfig): Tunnel => ({
  authority: hostname,
  method: usePost ? 'POST' : 'CONNECT',
});

import type { Cluster, TcpKeepalive } from '@tulle/decision/tables/cluster';
import type { Http2Options } from '@tulle/decision/tables/http-manager';

/** What a cluster says of its connections; a pool lives as long as none of it changes. */
export type PoolSettings = Pick<
  Cluster,
  | 'connectTimeoutMs'
  | 'http2'
  | 'idleTimeoutMs'
  | 'maxConnectionDurationMs'
  | 'maxRequestsPerConnection'
  | 'preconnectRatio'
  | 'tcpKeepalive'
>;

/** By value: each update brings new objects. */
export function samePoolSettings(a: PoolSettings, b: PoolSettings): boolean {
  return (
    a.connectTimeoutMs === b.connectTimeoutMs &&
    a.idleTimeoutMs === b.idleTimeoutMs &&
    a.maxConnectionDurationMs === b.maxConnectionDurationMs &&
    a.maxRequestsPerConnection === b.maxRequestsPerConnection &&
    a.preconnectRatio === b.preconnectRatio &&
    sameHttp2(a.http2, b.http2) &&
    sameKeepalive(a.tcpKeepalive, b.tcpKeepalive)
  );
}

function sameKeepalive(a: TcpKeepalive | undefined, b: TcpKeepalive | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.probes === b.probes && a.idleMs === b.idleMs && a.intervalMs === b.intervalMs;
}

function sameHttp2(a: Http2Options, b: Http2Options): boolean {
  return (
    a.maxConcurrentStreams === b.maxConcurrentStreams &&
    a.streamWindow === b.streamWindow &&
    a.connectionWindow === b.connectionWindow &&
    a.keepalive?.intervalMs === b.keepalive?.intervalMs &&
    a.keepalive?.timeoutMs === b.keepalive?.timeoutMs
  );
}

import type { Cluster } from '@tulle/decision/tables/cluster';
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
>;

export function samePoolSettings(a: PoolSettings, b: PoolSettings): boolean {
  return (
    a.connectTimeoutMs === b.connectTimeoutMs &&
    a.idleTimeoutMs === b.idleTimeoutMs &&
    a.maxConnectionDurationMs === b.maxConnectionDurationMs &&
    a.maxRequestsPerConnection === b.maxRequestsPerConnection &&
    a.preconnectRatio === b.preconnectRatio &&
    sameHttp2(a.http2, b.http2)
  );
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

import { formatAuthority } from '@tulle/decision/authority';
import type { SubstitutionContext } from '@tulle/decision/substitution';
import type { RequestHead } from './stream.ts';
import type { StreamInfo } from './stream-info.ts';

/** What `%…%` in a header or a rate limit's descriptor refers to. */
export function substitutions(head: RequestHead, info: StreamInfo): SubstitutionContext {
  const { connection } = info;
  return {
    headers: head.headers,
    method: head.method,
    path: head.path,
    authority: head.authority,
    scheme: head.scheme,
    protocol: head.protocol,
    downstreamRemoteAddress: formatAuthority(connection.remoteAddress, connection.remotePort),
    downstreamLocalAddress: formatAuthority(connection.localAddress, connection.localPort),
    upstreamHost: info.upstreamHost,
    downstreamPeerUriSan: connection.tls?.peerUri ?? '',
    routeName: info.routeName,
    virtualHostName: info.virtualHost,
    clusterName: info.cluster,
    requestId: info.requestId,
    startTime: info.startedAt,
  };
}

import type { ConcurrencyLimitSpec } from '@tulle/resources/tulle/limits/concurrency-limit';
import type { Origin } from '@tulle/xds/resource';
import type { ConnectionPool } from '../../../model/istio.ts';
import type { Protocol } from '../../../model/services/protocol.ts';
import type { LimitIndex, LimitPolicy } from '../../../model/traffic/limits.ts';
import { applicationProtocol, type HttpProtocol } from '../../clusters/http-protocol.ts';
import { type Note, note } from '../../note.ts';
import type { ProxyDescription } from '../../proxy.ts';
import { layerOf } from '../../scope/protocol.ts';
import type { ServedPort } from '../../scope/served-ports.ts';

/** How many requests at a time a port's application gets, as circuit breakers of its cluster. */
export interface PortConcurrency {
  readonly connectionPool: ConnectionPool | undefined;
  readonly origins: readonly Origin[];
  readonly notes: readonly Note[];
}

/**
 * The strictest of the limits for a port, on top of what its Sidecar says. Without a queue `max_requests` says no at
 * once. With one, HTTP/1.1 makes a connection per request, and what finds none waits. A request waits for its connection
 * to be made too, so `max_pending_requests` has room for those; ours counts who waits in `max_requests`, an Envoy does not,
 * and may let as many more wait as run.
 */
export function portConcurrency(
  limits: LimitIndex<ConcurrencyLimitSpec>,
  { metadata }: ProxyDescription,
  { port, connectionPool: pool }: ServedPort,
  protocol: Protocol,
): PortConcurrency {
  const speaks = layerOf(protocol) === 'tcp' ? 'bytes' : applicationProtocol(protocol);
  const policies = limits
    .ofWorkload(metadata.NAMESPACE, metadata.LABELS, 'INBOUND')
    .filter(({ spec }) => spec.ports?.includes(port) ?? true);
  const strictest = policies.toSorted((a, b) => a.spec.maxRequests - b.spec.maxRequests)[0];
  if (strictest === undefined) return { connectionPool: pool, origins: [], notes: [] };
  const { spec, origin } = strictest;
  const canQueue = speaks === 'http1';
  return {
    connectionPool: { ...pool, ...limited(pool, spec, speaks) },
    origins: [origin],
    notes: spec.queue !== undefined && !canQueue ? [noQueue(strictest, port, speaks)] : [],
  };
}

function limited(
  { tcp = {}, http = {} }: ConnectionPool = {},
  { maxRequests, queue }: ConcurrencyLimitSpec,
  speaks: HttpProtocol | 'bytes',
): ConnectionPool {
  const least = (limit: number | undefined, own: number): number => Math.min(limit || own, own);
  const connections = { tcp: { ...tcp, maxConnections: least(tcp.maxConnections, maxRequests) } };
  if (speaks === 'bytes') return connections;
  const waiting = speaks === 'http1' ? (queue ?? 0) : 0;
  const requests = { ...http, http2MaxRequests: least(http.http2MaxRequests, maxRequests + waiting) };
  if (waiting === 0) return { tcp, http: requests };
  return {
    ...connections,
    http: {
      ...requests,
      http1MaxPendingRequests: least(http.http1MaxPendingRequests, maxRequests + waiting),
    },
  };
}

function noQueue({ origin }: LimitPolicy, port: number, speaks: HttpProtocol | 'bytes'): Note {
  const what =
    { bytes: 'takes bytes', downstream: 'does not say its protocol' }[speaks as string] ??
    'may speak HTTP/2 to its application';
  return note(origin, 'no-effect', `port ${port} ${what}: nothing waits there`, 'spec.queue');
}

import type { Due } from '@tulle/decision/limits/budgets';
import type { WorkloadLabels } from '@tulle/decision/tables/endpoint';
import type { ResponseFlag } from '../telemetry/response-flags.ts';
import type { ConnectionInfo } from './connection-info.ts';

/** Of nearly every request. */
const noFlags: readonly ResponseFlag[] = [];

/**
 * What happened to one request (or one TCP connection), gathered on its way for access log, metrics and
 * explanations. Times are milliseconds: `startedAt` since the epoch, the others of the monotonic clock.
 */
export class StreamInfo {
  readonly connection: ConnectionInfo;
  readonly startedAt: number;
  readonly startedMono: number;
  /** Of the client that trusted proxies name; the connection's own without such. */
  clientAddress: string;
  method = '';
  /** As the client sent it. */
  path = '';
  authority = '';
  protocol = '';
  requestId = '';
  routeName = '';
  virtualHost = '';
  cluster = '';
  /** `host:port` of the last attempt's endpoint. */
  upstreamHost = '';
  upstreamLocalAddress = '';
  /** Why the last attempt could not connect. */
  upstreamFailure = '';
  /** Envoy's response flags, in the order in which they came: `UF`, `URX`, … */
  flags: readonly ResponseFlag[] = noFlags;
  /** Envoy's response code details: `via_upstream`, `route_not_found`, … */
  details = '';
  /** 0: no response was begun. */
  status = 0;
  grpcStatus = -1;
  /** gRPC messages that went upstream, and that came back. */
  requestMessages = 0;
  responseMessages = 0;
  attempts = 0;
  /** Body bytes. */
  requestBytes = 0;
  responseBytes = 0;
  requestEndedAt = 0;
  upstreamRequestAt = 0;
  upstreamFirstByteAt = 0;
  upstreamLastByteAt = 0;
  endedAt = 0;
  /** Who is at the other side in the mesh: caller (inbound) or server (outbound). */
  peer: WorkloadLabels | undefined = undefined;
  /** The service that was called, as the cluster says. */
  service: { readonly host: string; readonly name: string; readonly namespace: string } | undefined =
    undefined;
  /** Our connection to the endpoint is mTLS. */
  upstreamTls = false;
  upstreamPeerUri = '';
  /** The rate limit that the client is told of: the one that refused, or the first that let it pass. */
  rateLimit: Due | undefined = undefined;

  constructor(connection: ConnectionInfo, startedAt: number, startedMono: number) {
    this.connection = connection;
    this.clientAddress = connection.remoteAddress;
    this.startedAt = startedAt;
    this.startedMono = startedMono;
  }

  flag(code: ResponseFlag): void {
    if (!this.flags.includes(code)) this.flags = [...this.flags, code];
  }
}

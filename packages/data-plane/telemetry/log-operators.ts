import type { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead } from '../http/stream.ts';
import type { StreamInfo } from '../http/stream-info.ts';
import { certificateSubject } from '../net/certificates/subject.ts';
import { compileTimeFormat } from './log-format-time.ts';
import { longFlag } from './response-flags.ts';

/** All that a log line may speak of; TCP connections have neither request nor response. */
export interface LogEntry {
  readonly info: StreamInfo;
  readonly request: RequestHead | undefined;
  readonly response: ResponseHead | undefined;
  readonly trailers: Headers | undefined;
}

/** Undefined is written as `-` in text and as null in JSON. */
export type LogValue = string | number | undefined;
export type LogOperator = (entry: LogEntry) => LogValue;

/** A format can't be compiled. */
export class LogFormatError extends Error {
  override readonly name = 'LogFormatError';
}

const some = (text: string): LogValue => (text === '' ? undefined : text);
/** Envoy writes details as one word. */
const word = (text: string): LogValue => some(text.replaceAll(' ', '_'));
const since = (info: StreamInfo, at: number): LogValue =>
  at > 0 ? Math.max(0, Math.floor(at - info.startedMono)) : undefined;
const address = (host: string, port: number): LogValue =>
  host === '' ? undefined : host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** Of a client that a proxy in front of us names only the address is known. */
const clientPort = ({ clientAddress, connection }: StreamInfo): number =>
  clientAddress === connection.remoteAddress ? connection.remotePort : 0;

/** Operators without argument (Envoy docs: access log, command operators). */
const plain: Readonly<Record<string, LogOperator>> = {
  PROTOCOL: ({ info }) => some(info.protocol),
  RESPONSE_CODE: ({ info }) => info.status,
  RESPONSE_CODE_DETAILS: ({ info }) => word(info.details),
  RESPONSE_FLAGS: ({ info }) => some(info.flags.join(',')),
  RESPONSE_FLAGS_LONG: ({ info }) => some(info.flags.map(longFlag).join(',')),
  CONNECTION_TERMINATION_DETAILS: () => undefined,
  UPSTREAM_TRANSPORT_FAILURE_REASON: ({ info }) => word(info.upstreamFailure),
  DOWNSTREAM_TRANSPORT_FAILURE_REASON: () => undefined,
  BYTES_RECEIVED: ({ info }) => info.requestBytes,
  BYTES_SENT: ({ info }) => info.responseBytes,
  DURATION: ({ info }) => since(info, info.endedAt),
  REQUEST_DURATION: ({ info }) => since(info, info.requestEndedAt),
  RESPONSE_DURATION: ({ info }) => since(info, info.upstreamFirstByteAt),
  RESPONSE_TX_DURATION: ({ info }) =>
    info.upstreamFirstByteAt > 0 && info.endedAt > 0
      ? Math.max(0, Math.floor(info.endedAt - info.upstreamFirstByteAt))
      : undefined,
  UPSTREAM_HOST: ({ info }) => some(info.upstreamHost),
  UPSTREAM_REMOTE_ADDRESS: ({ info }) => some(info.upstreamHost),
  UPSTREAM_CLUSTER: ({ info }) => some(info.cluster),
  UPSTREAM_CLUSTER_RAW: ({ info }) => some(info.cluster),
  UPSTREAM_LOCAL_ADDRESS: ({ info }) => some(info.upstreamLocalAddress),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: ({ info }) => info.attempts,
  UPSTREAM_PEER_URI_SAN: ({ info }) => some(info.upstreamPeerUri),
  DOWNSTREAM_LOCAL_ADDRESS: ({ info }) => address(info.connection.localAddress, info.connection.localPort),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: ({ info }) => some(info.connection.localAddress),
  DOWNSTREAM_LOCAL_PORT: ({ info }) => info.connection.localPort,
  DOWNSTREAM_REMOTE_ADDRESS: ({ info }) => address(info.clientAddress, clientPort(info)),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: ({ info }) => some(info.clientAddress),
  DOWNSTREAM_REMOTE_PORT: ({ info }) => clientPort(info),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: ({ info }) =>
    address(info.connection.remoteAddress, info.connection.remotePort),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: ({ info }) => some(info.connection.remoteAddress),
  REQUESTED_SERVER_NAME: ({ info }) =>
    some(info.connection.tls?.serverName ?? info.connection.requestedServerName ?? ''),
  DOWNSTREAM_PEER_URI_SAN: ({ info }) => some(info.connection.tls?.peerUri ?? ''),
  DOWNSTREAM_LOCAL_URI_SAN: ({ info }) => some(info.connection.tls?.localUri ?? ''),
  DOWNSTREAM_PEER_SUBJECT: ({ info: { connection } }) =>
    connection.tls?.peerCertificate === undefined
      ? undefined
      : some(certificateSubject(connection.tls.peerCertificate)),
  DOWNSTREAM_PEER_FINGERPRINT_256: ({ info }) => some(info.connection.tls?.peerFingerprint ?? ''),
  DOWNSTREAM_TLS_VERSION: ({ info }) => some(info.connection.tls?.version ?? ''),
  DOWNSTREAM_TLS_CIPHER: ({ info }) => some(info.connection.tls?.cipher ?? ''),
  ROUTE_NAME: ({ info }) => some(info.routeName),
  VIRTUAL_HOST_NAME: ({ info }) => some(info.virtualHost),
  CONNECTION_ID: ({ info }) => info.connection.id,
  STREAM_ID: ({ info }) => some(info.requestId),
  REQUEST_ID: ({ info }) => some(info.requestId),
  GRPC_STATUS_NUMBER: ({ info }) => (info.grpcStatus >= 0 ? info.grpcStatus : undefined),
};

/** google.rpc.Code by number, as `%GRPC_STATUS%` writes them. */
const grpcNames =
  'OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated'.split(
    ' ',
  );

/**
 * @param name of the operator
 * @param argument what stands in parentheses; undefined without
 * @param maxLength of the text, after the colon; undefined: all of it
 * @throws LogFormatError
 */
export function compileOperator(
  name: string,
  argument: string | undefined,
  maxLength: number | undefined,
): LogOperator {
  const operator = operatorOf(name, argument);
  if (maxLength === undefined) return operator;
  return (entry) => {
    const value = operator(entry);
    return typeof value === 'string' ? value.slice(0, maxLength) : value;
  };
}

function operatorOf(name: string, argument: string | undefined): LogOperator {
  const simple = Object.hasOwn(plain, name) ? plain[name] : undefined;
  if (simple !== undefined && argument === undefined) return simple;
  switch (name) {
    case 'START_TIME': {
      const render = timeOf(argument ?? '');
      return ({ info }) => render(info.startedAt);
    }
    case 'GRPC_STATUS':
      if (argument === 'NUMBER') return plain.GRPC_STATUS_NUMBER as LogOperator;
      return ({ info }) =>
        info.grpcStatus >= 0 ? (grpcNames[info.grpcStatus] ?? String(info.grpcStatus)) : undefined;
    case 'REQ':
      return headerOf(argument, requestField);
    case 'RESP':
      return headerOf(argument, ({ response }, field) => response?.headers.joined(field));
    case 'TRAILER':
      return headerOf(argument, ({ trailers }, field) => trailers?.joined(field));
    default:
      throw new LogFormatError(`%${name}${argument === undefined ? '' : `(${argument})`}% is not known`);
  }
}

function timeOf(format: string): (epochMs: number) => string {
  try {
    return compileTimeFormat(format);
  } catch (error) {
    if (error instanceof RangeError)
      throw new LogFormatError(`%START_TIME(${format})%: ${error.message} is not known`);
    throw error;
  }
}

/** `X?Y`: the field X, else Y. */
function headerOf(
  argument: string | undefined,
  read: (entry: LogEntry, field: string) => string | undefined,
): LogOperator {
  if (argument === undefined || argument === '') throw new LogFormatError('a field name is missing');
  const [first = '', second] = argument.toLowerCase().split('?');
  if (second === undefined) return (entry) => read(entry, first);
  return (entry) => read(entry, first) ?? read(entry, second);
}

function requestField({ info, request }: LogEntry, field: string): string | undefined {
  switch (field) {
    case ':method':
      return request?.method ?? some(info.method)?.toString();
    case ':path':
      // CONNECT has none.
      return (request?.path ?? info.path) || undefined;
    case ':authority':
    case 'host':
      return (request?.authority ?? info.authority) || undefined;
    case ':scheme':
      return request?.scheme;
    default:
      return request?.headers.joined(field);
  }
}

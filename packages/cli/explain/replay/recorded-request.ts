import type { Call } from '@tulle/data-plane/explain/call';
import { parseAuthority } from '@tulle/decision/authority';
import { Headers } from '@tulle/decision/headers';
import type { Listener } from '@tulle/decision/tables/listener';
import type { Tables } from '@tulle/decision/tables/tables';
import type { LogFields } from './log-line.ts';

/** A request or connection that happened. */
export interface RecordedRequest {
  readonly call: Call;
  /** Milliseconds since the epoch; undefined: the log does not say it in a form that we read. */
  readonly at: number | undefined;
  readonly requestId: string;
  /** What became of it. */
  readonly status: number;
  readonly flags: string;
  readonly cluster: string;
  readonly endpoint: string;
  /** Headers that the log tells, be it that they were absent. */
  readonly knows: (header: string) => boolean;
}

const methodField = 'REQ(:METHOD)';
const pathFields = ['REQ(X-ENVOY-ORIGINAL-PATH?:PATH)', 'REQ(X-ENVOY-ORIGINAL-PATH)', 'REQ(:PATH)'] as const;
const field = /^REQ\(([^:?)][^?)]*)\)$/;

/** @param recordable operators of the format @returns undefined for what can't be followed: no address, no method and no TCP */
export function recordedRequest(
  fields: LogFields,
  recordable: ReadonlySet<string>,
  tables: Tables,
): RecordedRequest | undefined {
  const local = parseAuthority(fields.get('DOWNSTREAM_LOCAL_ADDRESS') ?? '');
  const listener = local?.port === undefined ? undefined : listenerAt(tables, local.host, local.port);
  if (local === undefined || listener === undefined) return undefined;
  const call = callOf(fields, listener, { host: local.host, port: local.port ?? 0 });
  if (call === undefined) return undefined;
  const at = Date.parse(fields.get('START_TIME') ?? '');
  const names = new Set([...recordable].flatMap((name) => field.exec(name)?.[1]?.toLowerCase() ?? []));
  return {
    call,
    at: Number.isNaN(at) ? undefined : at,
    requestId: fields.get('REQ(X-REQUEST-ID)') ?? fields.get('REQUEST_ID') ?? '',
    status: Number(fields.get('RESPONSE_CODE') ?? 0),
    flags: fields.get('RESPONSE_FLAGS') ?? '',
    cluster: fields.get('UPSTREAM_CLUSTER') ?? '',
    endpoint: fields.get('UPSTREAM_HOST') ?? '',
    knows: (header) => header.startsWith(':') || names.has(header),
  };
}

function callOf(
  fields: LogFields,
  listener: Listener,
  local: { readonly host: string; readonly port: number },
): Call | undefined {
  const serverName = fields.get('REQUESTED_SERVER_NAME');
  const peer = listener.direction === 'inbound' ? fields.get('DOWNSTREAM_PEER_URI_SAN') : undefined;
  const any = { listener: listener.name, isRecorded: true, ...(peer === undefined ? {} : { peer }) };
  const method = fields.get(methodField);
  if (method === undefined) {
    const host = serverName ?? local.host;
    return { kind: serverName === undefined ? 'tcp' : 'tls', ...any, host, port: local.port };
  }
  const path = pathFields.map((name) => fields.get(name)).find((value) => value !== undefined);
  const authority = fields.get('REQ(:AUTHORITY)');
  if (path === undefined || authority === undefined) return undefined;
  const headers = new Headers();
  for (const [name, value] of fields) {
    const header = field.exec(name)?.[1]?.toLowerCase();
    if (header !== undefined && !added.has(header)) headers.add(header, value);
  }
  return {
    kind: 'http',
    ...any,
    method,
    scheme: serverName === undefined ? 'http' : 'https',
    authority,
    path,
    headers,
    protocol: fields.get('PROTOCOL') === 'HTTP/2' ? 'HTTP/2' : 'HTTP/1.1',
  };
}

/** Of the proxy's own making: the log has them as they went on. */
const added: ReadonlySet<string> = new Set(['x-forwarded-for', 'x-request-id', 'x-envoy-original-path']);

function listenerAt(tables: Tables, address: string, port: number): Listener | undefined {
  const all = [...tables.listeners.values()].filter((one) => one.port === port && one.dns === undefined);
  const anywhere = address.includes(':') ? '::' : '0.0.0.0';
  return all.find((one) => one.address === address) ?? all.find((one) => one.address === anywhere);
}

import type { Headers } from './headers.ts';

/** What `%…%` in a header value may refer to; what is absent renders as empty, as Envoy's. */
export interface SubstitutionContext {
  /** The request's. */
  readonly headers: Headers;
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly scheme?: string;
  readonly protocol?: string;
  /** `address:port`. */
  readonly downstreamRemoteAddress?: string;
  readonly downstreamLocalAddress?: string;
  readonly upstreamHost?: string;
  readonly downstreamPeerUriSan?: string;
  readonly routeName?: string;
  readonly virtualHostName?: string;
  readonly clusterName?: string;
  readonly requestId?: string;
  readonly hostname?: string;
  /** Milliseconds since the epoch. */
  readonly startTime?: number;
  readonly responseHeaders?: Headers | undefined;
  readonly responseCode?: number | undefined;
}

type Render = (context: SubstitutionContext) => string;

/** A substitution that we do not know, or malformed text. */
export class SubstitutionError extends Error {
  override readonly name = 'SubstitutionError';
}

function withoutPort(address: string | undefined): string {
  if (address === undefined) return '';
  const colon = address.lastIndexOf(':');
  return colon < 0 ? address : address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
}

const operators: Readonly<Record<string, Render>> = {
  DOWNSTREAM_REMOTE_ADDRESS: (c) => c.downstreamRemoteAddress ?? '',
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (c) => withoutPort(c.downstreamRemoteAddress),
  DOWNSTREAM_LOCAL_ADDRESS: (c) => c.downstreamLocalAddress ?? '',
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: (c) => withoutPort(c.downstreamLocalAddress),
  DOWNSTREAM_LOCAL_PORT: (c) => c.downstreamLocalAddress?.split(':').at(-1) ?? '',
  DOWNSTREAM_PEER_URI_SAN: (c) => c.downstreamPeerUriSan ?? '',
  UPSTREAM_HOST: (c) => c.upstreamHost ?? '',
  UPSTREAM_REMOTE_ADDRESS: (c) => c.upstreamHost ?? '',
  UPSTREAM_CLUSTER: (c) => c.clusterName ?? '',
  ROUTE_NAME: (c) => c.routeName ?? '',
  VIRTUAL_HOST_NAME: (c) => c.virtualHostName ?? '',
  PROTOCOL: (c) => c.protocol ?? '',
  REQUEST_ID: (c) => c.requestId ?? '',
  STREAM_ID: (c) => c.requestId ?? '',
  HOSTNAME: (c) => c.hostname ?? '',
  RESPONSE_CODE: (c) => (c.responseCode === undefined ? '' : String(c.responseCode)),
  START_TIME: (c) => (c.startTime === undefined ? '' : new Date(c.startTime).toISOString()),
};

function requestField(name: string, context: SubstitutionContext): string | undefined {
  switch (name) {
    case ':method':
      return context.method;
    case ':path':
      return context.path;
    case ':authority':
    case 'host':
      return context.authority;
    case ':scheme':
      return context.scheme;
    default:
      return context.headers.get(name);
  }
}

/** `REQ(name?other):length` and `RESP(…)`. */
function headerOperator(operator: string): Render | undefined {
  const parsed = /^(REQ|RESP)\(([^()?]+)(?:\?([^()?]+))?\)(?::(\d+))?$/.exec(operator);
  if (parsed === null) return undefined;
  const [name, other] = [(parsed[2] as string).toLowerCase(), parsed[3]?.toLowerCase()];
  const length = parsed[4] === undefined ? Number.POSITIVE_INFINITY : Number(parsed[4]);
  const read =
    parsed[1] === 'REQ'
      ? requestField
      : (field: string, context: SubstitutionContext) => context.responseHeaders?.get(field);
  return (context) =>
    (read(name, context) ?? (other === undefined ? undefined : read(other, context)) ?? '').slice(0, length);
}

/**
 * Compiles Envoy's `%…%` in a header value; `%%` is a percent sign.
 * @returns undefined when there is nothing to substitute.
 * @throws SubstitutionError for an operator that is not known.
 */
export function compileSubstitution(text: string): Render | undefined {
  if (!text.includes('%')) return undefined;
  const parts: (string | Render)[] = [];
  let at = 0;
  while (at < text.length) {
    const start = text.indexOf('%', at);
    if (start < 0) break;
    if (start > at) parts.push(text.slice(at, start));
    const end = text.indexOf('%', start + 1);
    if (end < 0) throw new SubstitutionError(`unmatched % in "${text}"`);
    const operator = text.slice(start + 1, end);
    const render = operator === '' ? '%' : (operators[operator] ?? headerOperator(operator));
    if (render === undefined) throw new SubstitutionError(`unknown substitution %${operator}%`);
    parts.push(render);
    at = end + 1;
  }
  if (at < text.length) parts.push(text.slice(at));
  return (context) => {
    let rendered = '';
    for (const part of parts) rendered += typeof part === 'string' ? part : part(context);
    return rendered;
  };
}

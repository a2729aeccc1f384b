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

/** Malformed text. */
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

/** `REQ(name?other)` and `RESP(…)`. */
function headerOperator(name: string, argument: string): Render | undefined {
  const parsed = /^([^?]+)(?:\?([^?]+))?$/.exec(argument);
  if (parsed === null || (name !== 'REQ' && name !== 'RESP')) return undefined;
  const [field, other] = [(parsed[1] as string).toLowerCase(), parsed[2]?.toLowerCase()];
  const read =
    name === 'REQ'
      ? requestField
      : (of: string, context: SubstitutionContext) => context.responseHeaders?.get(of);
  return (context) => read(field, context) ?? (other === undefined ? undefined : read(other, context)) ?? '';
}

/** `%%`, `%NAME%` or `%NAME(argument):length%`, as Envoy reads them (substitution_formatter). */
const operator = /%(?:%|([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d+))?%)/g;

/** Undefined: there is no value for it here. */
function renderOf(
  name: string,
  argument: string | undefined,
  length: string | undefined,
): Render | undefined {
  const render = argument === undefined ? operators[name] : headerOperator(name, argument);
  if (render === undefined || length === undefined) return render;
  return (context) => render(context).slice(0, Number(length));
}

/** The operators of a text that stay empty here, which Envoy may know: `%DOWNSTREAM_PEER_CERT%`. */
export function emptySubstitutions(text: string): string[] {
  return [...text.matchAll(operator)].flatMap(([written, name, argument, length]) =>
    name === undefined || renderOf(name, argument, length) !== undefined ? [] : [written],
  );
}

/**
 * Compiles Envoy's `%…%` in a header value; `%%` is a percent sign. What there is no value for is empty, as what is
 * absent: one header must not keep all routes back.
 * @returns undefined when there is nothing to substitute.
 * @throws SubstitutionError for a percent sign that begins nothing.
 */
export function compileSubstitution(text: string): Render | undefined {
  if (!text.includes('%')) return undefined;
  const parts: (string | Render)[] = [];
  let at = 0;
  const literal = (end: number): void => {
    const part = text.slice(at, end);
    if (part.includes('%')) throw new SubstitutionError(`unmatched % in "${text}"`);
    if (part !== '') parts.push(part);
  };
  for (const { 0: written, index, 1: name, 2: argument, 3: length } of text.matchAll(operator)) {
    literal(index);
    parts.push(name === undefined ? '%' : (renderOf(name, argument, length) ?? ''));
    at = index + written.length;
  }
  literal(text.length);
  return (context) => {
    let rendered = '';
    for (const part of parts) rendered += typeof part === 'string' ? part : part(context);
    return rendered;
  };
}

import type { Call } from '@tulle/data-plane/explain/call';
import { Headers } from '@tulle/decision/headers';
import { usageError } from '../failure.ts';

/** Options that say what is called, as commander gives them. */
export interface CallOptions {
  readonly header?: readonly string[];
  readonly http2?: boolean;
  readonly grpc?: boolean;
  readonly tcp?: string;
  readonly tls?: string;
  readonly listener?: string;
  readonly peer?: string;
}

const methodForm = /^[A-Z]+$/;

/** @param words `[METHOD] URL` @throws Failure (usage) */
export function parseCall(words: readonly string[], options: CallOptions): Call {
  const { listener, peer } = options;
  const any = { ...(listener === undefined ? {} : { listener }), ...(peer === undefined ? {} : { peer }) };
  const bytes = options.tcp ?? options.tls;
  if (bytes !== undefined) {
    if (words.length > 0) throw usageError('with --tcp or --tls there is no URL');
    return {
      kind: options.tcp === undefined ? 'tls' : 'tcp',
      ...any,
      ...hostPort(bytes, options.tls === undefined),
    };
  }
  const [first = '', second] = words;
  const method = second === undefined ? (options.grpc ? 'POST' : 'GET') : first.toUpperCase();
  if (!methodForm.test(method)) throw usageError(`"${first}" is no HTTP method`);
  const url = parseUrl(second ?? first);
  const headers = new Headers();
  if (options.grpc) {
    headers.add('content-type', 'application/grpc');
    headers.add('te', 'trailers');
  }
  let authority = url.host;
  for (const line of options.header ?? []) {
    const [, name = '', value = ''] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === '') throw usageError(`-H must be "name: value", not "${line}"`);
    if (name.toLowerCase() === 'host') authority = value;
    else headers.add(name.toLowerCase(), value, name);
  }
  return {
    kind: 'http',
    ...any,
    method,
    scheme: url.protocol === 'https:' ? 'https' : 'http',
    authority,
    ...(authority === url.host ? {} : { urlAuthority: url.host }),
    path: pathOf(second ?? first, url),
    headers,
    protocol: options.http2 || options.grpc ? 'HTTP/2' : 'HTTP/1.1',
  };
}

/** Path and query as they are written: URLs would resolve `..` and leave others' mistakes out. */
const pathOf = (text: string, { pathname, search }: URL): string => {
  const [, path = ''] = /^(?:https?:\/\/)?[^/?#]*([^#]*)/i.exec(text) ?? [];
  return /^\/[\x21-\x7e]*$/.test(path) ? path : `${pathname}${search}`;
};

function parseUrl(text: string): URL {
  if (text === '') throw usageError('say what is called: a URL, --tcp HOST:PORT or --tls NAME');
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `http://${text}`);
  if (url === null) throw usageError(`"${text}" is no URL`);
  return url;
}

function hostPort(text: string, portNeeded: boolean): { readonly host: string; readonly port: number } {
  const [, host = '', port] = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host === '' || (portNeeded && port === undefined)) throw usageError(`"${text}" is not HOST:PORT`);
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: port === undefined ? 443 : Number(port) };
}

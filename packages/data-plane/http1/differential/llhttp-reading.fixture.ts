import { METHODS } from 'node:http';
import { createRequire } from 'node:module';
import { endToEnd, type Message, type Reading } from './reading.fixture.ts';

/** llhttp as Node binds it (lib/_http_common.js): the parser alone, without Node's own rules above it. */
interface Parser {
  initialize(type: number, resource: object, maxHeaderSize: number, lenient: number): void;
  execute(bytes: Buffer): number | (Error & { readonly code: string });
  finish(): undefined | (Error & { readonly code: string });
  [callback: number]: unknown;
}
interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
  readonly kLenientNone: number;
}
const { HTTPParser } = createRequire(import.meta.url)('_http_common') as { readonly HTTPParser: ParserClass };

/** From a code of llhttp to the method. */
const methods = new Map<number, string>();
for (const method of METHODS) {
  const parser = parserOf(HTTPParser.REQUEST);
  parser[HTTPParser.kOnHeadersComplete] = (_major: number, _minor: number, _fields: unknown, code: number) =>
    methods.set(code, method);
  parser.execute(Buffer.from(`${method} ${method === 'CONNECT' ? 'a:1' : '/'} HTTP/1.1\r\n\r\n`));
}

function parserOf(type: number): Parser {
  const parser = new HTTPParser();
  parser.initialize(type, {}, 64 * 1024, HTTPParser.kLenientNone);
  return parser;
}

interface Begun {
  start: string;
  raw: string[];
  body: string;
  trailers: string[];
  keepAlive: boolean;
  upgrade: boolean;
}

/** llhttp's reading of requests, in strict mode. */
export function llhttpRequests(bytes: Buffer): Reading {
  return read(HTTPParser.REQUEST, bytes, false);
}

/** llhttp's reading of what answers a `method` request, up to the first final response or the connection's end. */
export function llhttpResponse(bytes: Buffer, method: string): Reading {
  const reading = read(HTTPParser.RESPONSE, bytes, method === 'HEAD');
  const final = finalOf(reading);
  if (final < 0) return reading;
  const last = reading.messages[final] as Message;
  // llhttp does not mind bytes that nobody asked for: there are some if it is complete without the last one.
  const alone =
    last.keepAlive === true &&
    finalOf(read(HTTPParser.RESPONSE, bytes.subarray(0, -1), method === 'HEAD')) < 0;
  // That HEAD was asked it learns too late to say whether the connection can be kept.
  const keepAlive = method !== 'HEAD' && (alone || last.keepAlive === false) ? last.keepAlive : undefined;
  return {
    messages: [...reading.messages.slice(0, final), { ...last, keepAlive }],
    open: undefined,
    refused: undefined,
    over: true,
  };
}

function finalOf({ messages }: Reading): number {
  return messages.findIndex(({ start }) => !start.startsWith('1') || start.startsWith('101'));
}

function read(type: number, bytes: Buffer, noBody: boolean): Reading {
  const response = type === HTTPParser.RESPONSE;
  // Host is part of a request's target, and TE says nothing in a response.
  const without = response ? ['host', 'te'] : ['host'];
  const parser = parserOf(type);
  const messages: Message[] = [];
  let earlier: string[] = [];
  let earlierUrl = '';
  let begun: Begun | undefined;
  let over = false;
  // More than 32 fields come in parts, as do trailers.
  parser[HTTPParser.kOnHeaders] = (fields: string[], url: string) => {
    if (begun !== undefined) begun.trailers.push(...fields);
    else {
      earlier.push(...fields);
      earlierUrl += url;
    }
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    fields: string[] | undefined,
    method: number | undefined,
    url: string | undefined,
    status: number,
    reason: string,
    upgrade: boolean,
    keepAlive: boolean,
  ): number => {
    const raw = [...earlier, ...(fields ?? [])];
    const start = response
      ? `${status} ${reason}`
      : requestStart(methods.get(method as number) as string, url ?? earlierUrl, raw);
    begun = { start, raw, body: '', trailers: [], keepAlive, upgrade };
    earlier = [];
    earlierUrl = '';
    return noBody && status >= 200 ? 1 : 0;
  };
  parser[HTTPParser.kOnBody] = (chunk: Buffer) => {
    if (begun !== undefined) begun.body += chunk.toString('latin1');
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    if (begun === undefined) return;
    const { start, raw, body, trailers, keepAlive, upgrade } = begun;
    begun = undefined;
    over ||= !keepAlive || upgrade;
    messages.push({
      start,
      fields: endToEnd(raw, without),
      body,
      trailers: endToEnd(trailers, without),
      keepAlive: upgrade ? undefined : keepAlive,
    });
  };
  const result = parser.execute(bytes);
  let refused = typeof result === 'number' ? undefined : result.code;
  // What follows a message that closes is not read by either. (For llhttp a trailer may say so too; we drop it.)
  if (refused === 'HPE_CLOSED_CONNECTION') {
    refused = undefined;
    over = true;
  }
  const unread = begun as Begun | undefined;
  // Of a request with `Upgrade` Node does not say why it stopped.
  if (typeof result === 'number' && result < bytes.length && unread !== undefined) refused = 'unknown';
  if (refused === undefined && response && !over) parser.finish();
  const open = begun as Begun | undefined;
  return {
    messages,
    open:
      open === undefined
        ? undefined
        : { start: open.start, fields: endToEnd(open.raw, without), body: open.body },
    refused,
    over,
  };
}

/** `METHOD host target`, the target in origin form. */
function requestStart(method: string, url: string, raw: readonly string[]): string {
  const hostAt = raw.findIndex((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  const host = hostAt < 0 ? '' : (raw[hostAt + 1] as string);
  if (method === 'CONNECT') return `CONNECT ${url} `;
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(url);
  if (absolute === null) return `${method} ${host} ${url}`;
  const [, authority, tail = ''] = absolute;
  const path = tail === '' ? (method === 'OPTIONS' ? '*' : '/') : tail.startsWith('?') ? `/${tail}` : tail;
  return `${method} ${authority} ${path}`;
}

import type { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead } from '../../http/stream.ts';
import { longestRepeating, valuesRepeat } from '../parse/field-name.ts';
import { cleanTarget } from '../parse/target.ts';
import { reasons } from './reasons.ts';

/**
 * Heads, piece by piece. What comes from the wire is clean, but filters and rewrites may have put
 * anything into a field; nothing that could start a line of its own is ever written.
 */

/** Takes text whose characters are all below 256. */
export interface TextSink {
  writeText(text: string): void;
}

const uncleanValue = /[^\t\x20-\x7e\x80-\xff]/;
const uncleanName = /[^!#$%&'*+\-.^_`|~0-9a-zA-Z]/;

/** How the body that follows is framed; chosen by the connection. */
export const BodyCoding = {
  /** None, or as the message's own Content-Length says. */
  AsIs: 0,
  Chunked: 1,
  /** Adds `content-length: 0`. */
  Empty: 2,
  /** There can be none, and no length is said. */
  None: 3,
} as const;
export type BodyCoding = (typeof BodyCoding)[keyof typeof BodyCoding];

/** @param websocketKey of a handshake that has none, as it comes from HTTP/2; empty: none is needed */
export function writeRequestHead(
  sink: TextSink,
  head: RequestHead,
  coding: BodyCoding,
  websocketKey = '',
): void {
  const target = head.method === 'CONNECT' ? head.authority : head.path === '' ? '/' : head.path;
  sink.writeText(cleanName(head.method));
  sink.writeText(' ');
  sink.writeText(cleanTarget(target));
  sink.writeText(' HTTP/1.1\r\nHost: ');
  sink.writeText(cleanValue(head.authority));
  writeFields(sink, head.headers, coding);
  if (head.upgrade !== undefined && head.method !== 'CONNECT') {
    sink.writeText(`\r\nConnection: Upgrade\r\nUpgrade: ${cleanValue(head.upgrade)}`);
    if (websocketKey !== '') sink.writeText(`\r\nSec-WebSocket-Key: ${websocketKey}`);
  }
  sink.writeText('\r\n\r\n');
}

/** @param connection value of the Connection field; empty: none */
export function writeResponseHead(
  sink: TextSink,
  head: ResponseHead,
  coding: BodyCoding,
  connection: string,
  upgrade = '',
): void {
  sink.writeText(statusLine(head.status, head.reason ?? reasons[head.status] ?? ''));
  writeFields(sink, head.headers, coding);
  if (connection !== '') sink.writeText(`\r\nConnection: ${connection}`);
  if (upgrade !== '') sink.writeText(`\r\nUpgrade: ${cleanValue(upgrade)}`);
  sink.writeText('\r\n\r\n');
}

/** The end of a chunked body. */
export function writeTrailers(sink: TextSink, trailers: Headers): void {
  sink.writeText('0');
  writeFields(sink, trailers, BodyCoding.AsIs);
  sink.writeText('\r\n\r\n');
}

/** The last; most are the same. */
let lastStatus = 0;
let lastReason = '';
let lastStatusLine = '';

function statusLine(status: number, reason: string): string {
  if (status !== lastStatus || reason !== lastReason) {
    lastStatus = status;
    lastReason = reason;
    lastStatusLine = flat(`HTTP/1.1 ${status} ${cleanValue(reason)}`);
  }
  return lastStatusLine;
}

/** Each with the line end before it. */
function writeFields(sink: TextSink, headers: Headers, coding: BodyCoding): void {
  for (let at = 0; at < headers.size; at++) {
    const name = headers.nameAt(at);
    if (isConnectionField(name)) continue;
    // The connection says how long the body is; a length that contradicts it would let two readers disagree.
    if (name === 'content-length' && coding !== BodyCoding.AsIs) continue;
    const line = lineOf(headers.spelledAt(at), name);
    const value = headers.valueAt(at);
    const whole = line.again(value);
    if (whole !== '') sink.writeText(whole);
    else {
      sink.writeText(line.start);
      sink.writeText(cleanValue(value));
    }
  }
  if (coding === BodyCoding.Chunked) sink.writeText('\r\nTransfer-Encoding: chunked');
  else if (coding === BodyCoding.Empty) sink.writeText('\r\nContent-Length: 0');
}

/** Fields that only the codec writes. */
function isConnectionField(name: string): boolean {
  switch (name.charCodeAt(0)) {
    case 0x63: // c
      return name === 'connection';
    case 0x68: // h
      return name === 'host';
    case 0x6b: // k
      return name === 'keep-alive';
    case 0x70: // p
      return name === 'proxy-connection';
    case 0x74: // t
      return name === 'transfer-encoding';
    case 0x75: // u
      return name === 'upgrade';
    case 0x3a: // a pseudo field
      return true;
    default:
      return false;
  }
}

/** How a field of one name begins, and the whole of the last where values repeat. */
class FieldLine {
  readonly start: string;
  readonly #repeats: boolean;
  #lastValue: string | undefined = undefined;
  /** With `#lastValue`; empty until that has come twice. */
  #whole = '';

  constructor(spelled: string, lower: string) {
    this.start = flat(`\r\n${cleanName(spelled)}: `);
    this.#repeats = valuesRepeat(lower);
  }

  /** The whole line if `value` is that of the last time; else empty. */
  again(value: string): string {
    if (!this.#repeats) return '';
    if (value !== this.#lastValue) {
      if (value.length > longestRepeating) return '';
      this.#lastValue = value;
      this.#whole = '';
    } else if (this.#whole === '') this.#whole = flat(this.start + cleanValue(value));
    return this.#whole;
  }
}

/** The same text as one piece of memory; what was joined is copied by way of a copy, each time. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** By name as spelled. A peer that sends many names only empties it. */
const fieldLinesSeen = new Map<string, FieldLine>();
const mostFieldLines = 1024;

function lineOf(spelled: string, lower: string): FieldLine {
  let line = fieldLinesSeen.get(spelled);
  if (line === undefined) {
    if (fieldLinesSeen.size >= mostFieldLines) fieldLinesSeen.clear();
    line = new FieldLine(spelled, lower);
    fieldLinesSeen.set(spelled, line);
  }
  return line;
}

function cleanValue(value: string): string {
  if (!uncleanValue.test(value)) return value;
  return Buffer.from(value, 'utf8')
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '?');
}

function cleanName(name: string): string {
  if (name !== '' && !uncleanName.test(name)) return name;
  return name === '' ? '_' : name.replace(/[^!#$%&'*+\-.^_`|~0-9a-zA-Z]/g, '_');
}

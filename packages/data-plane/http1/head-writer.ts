import type { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead } from '../http/stream.ts';
import { longestRepeating, valuesRepeat } from './field-name.ts';
import { reasons } from './reasons.ts';

/**
 * Heads as latin1 strings. What comes from the wire is clean, but filters and rewrites may have put
 * anything into a field; nothing that could start a line of its own is ever written.
 */

const uncleanValue = /[^\t\x20-\x7e\x80-\xff]/;
const uncleanName = /[^!#$%&'*+\-.^_`|~0-9a-zA-Z]/;
const uncleanTarget = /[^\x21-\x7e]/;

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
export function requestText(head: RequestHead, coding: BodyCoding, websocketKey = ''): string {
  const target = head.method === 'CONNECT' ? head.authority : head.path === '' ? '/' : head.path;
  let text = `${cleanName(head.method)} ${cleanTarget(target)} HTTP/1.1\r\nHost: ${cleanValue(head.authority)}`;
  text += fieldLines(head.headers, coding);
  if (head.upgrade !== undefined && head.method !== 'CONNECT') {
    text += `\r\nConnection: Upgrade\r\nUpgrade: ${cleanValue(head.upgrade)}`;
    if (websocketKey !== '') text += `\r\nSec-WebSocket-Key: ${websocketKey}`;
  }
  return `${text}\r\n\r\n`;
}

/** @param connection value of the Connection field; empty: none */
export function responseText(
  head: ResponseHead,
  coding: BodyCoding,
  connection: string,
  upgrade = '',
): string {
  const reason = head.reason ?? reasons[head.status] ?? '';
  let text = `HTTP/1.1 ${head.status} ${cleanValue(reason)}`;
  text += fieldLines(head.headers, coding);
  if (connection !== '') text += `\r\nConnection: ${connection}`;
  if (upgrade !== '') text += `\r\nUpgrade: ${cleanValue(upgrade)}`;
  return `${text}\r\n\r\n`;
}

/** The end of a chunked body. */
export function trailerText(trailers: Headers): string {
  return `0${fieldLines(trailers, BodyCoding.AsIs)}\r\n\r\n`;
}

/** Each with the line end before it: one or two strings to join per field instead of four. */
function fieldLines(headers: Headers, coding: BodyCoding): string {
  let text = '';
  for (let at = 0; at < headers.size; at++) {
    const name = headers.nameAt(at);
    if (isConnectionField(name)) continue;
    // The connection says how long the body is; a length that contradicts it would let two readers disagree.
    if (name === 'content-length' && coding !== BodyCoding.AsIs) continue;
    const line = lineOf(headers.spelledAt(at), name);
    const value = headers.valueAt(at);
    if (!line.repeats) text += line.start + cleanValue(value);
    else if (value === line.lastValue) text += line.last;
    else text += line.renew(value);
  }
  if (coding === BodyCoding.Chunked) text += '\r\nTransfer-Encoding: chunked';
  else if (coding === BodyCoding.Empty) text += '\r\nContent-Length: 0';
  return text;
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
  readonly repeats: boolean;
  lastValue = '';
  last: string;

  constructor(spelled: string, lower: string) {
    this.start = `\r\n${cleanName(spelled)}: `;
    this.last = this.start;
    this.repeats = valuesRepeat(lower);
  }

  renew(value: string): string {
    const line = this.start + cleanValue(value);
    if (value.length <= longestRepeating) {
      this.lastValue = value;
      this.last = line;
    }
    return line;
  }
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

function cleanTarget(target: string): string {
  if (!uncleanTarget.test(target)) return target;
  let clean = '';
  for (const byte of Buffer.from(target, 'utf8')) {
    clean +=
      byte >= 0x21 && byte <= 0x7e
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return clean;
}

import type { ResponseHead } from '../../http/stream.ts';
import { CR, SP, VALUE } from '../bytes.ts';
import type { Http1Limits } from '../limits.ts';
import { Http1Error } from '../protocol-error.ts';
import { reasons } from '../write/reasons.ts';
import { Fields } from './fields.ts';
import { type Framing, responseFraming } from './framing.ts';
import { versionOf } from './version.ts';

export interface ParsedResponse {
  readonly head: ResponseHead;
  readonly framing: Framing;
  readonly contentLength: number;
  /** The server will take another request on the connection. */
  readonly keepAlive: boolean;
  /** Of a 101. */
  readonly upgrade: string | undefined;
}

/** Of one head at a time: parsing is synchronous. */
const fields = new Fields();

/** @param usual the reason that is likely */
function reasonOf(bytes: Buffer, from: number, to: number, usual: string): string {
  let at = from;
  while (at < to && bytes[at] === usual.charCodeAt(at - from)) at++;
  return at === to && to - from === usual.length ? usual : bytes.toString('latin1', from, to);
}

/**
 * The response to a `method` request whose head is `bytes[from, to)`, empty line included.
 *
 * @throws Http1Error
 */
export function parseResponseHead(
  bytes: Buffer,
  from: number,
  to: number,
  method: string,
  limits: Http1Limits,
): ParsedResponse {
  const version = versionOf(bytes, from);
  if (bytes[from + 8] !== SP) throw new Http1Error('bad-start-line');
  let status = 0;
  for (let at = from + 9; at < from + 12; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) throw new Http1Error('bad-status');
    status = status * 10 + digit;
  }
  if (status < 100) throw new Http1Error('bad-status');
  let at = from + 12;
  // Many servers leave out the space before an empty reason; nothing can be confused by that.
  if (bytes[at] === SP) at++;
  else if (bytes[at] !== CR) throw new Http1Error('bad-status');
  const reasonFrom = at;
  while (VALUE[bytes[at] as number] === 1) at++;
  if (bytes[at] !== CR || bytes[at + 1] !== 0x0a) throw new Http1Error('bad-start-line');
  const reason = reasonOf(bytes, reasonFrom, at, reasons[status] ?? '');

  fields.parse(bytes, at + 2, to - 2, limits);
  // Host means nothing in a response, and TE neither; they are not passed on.
  fields.headers.remove('te');
  const http10 = version === 'HTTP/1.0';
  return {
    head: { status, reason, headers: fields.headers, protocol: version },
    framing: responseFraming(fields, http10, status, method),
    contentLength: fields.contentLength,
    keepAlive: http10 ? fields.connectionKeepAlive && !fields.connectionClose : !fields.connectionClose,
    upgrade: fields.upgrade,
  };
}

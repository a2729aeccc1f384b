import type { RequestHead } from '../../http/stream.ts';
import { CR, LF, SP, TARGET, TOKEN } from '../bytes.ts';
import type { Http1Limits } from '../limits.ts';
import { Http1Error } from '../protocol-error.ts';
import { Fields } from './fields.ts';
import { Framing, requestFraming } from './framing.ts';
import { isHost, parseTarget } from './target.ts';
import { versionOf } from './version.ts';

export interface ParsedRequest {
  readonly head: RequestHead;
  readonly framing: Framing;
  readonly contentLength: number;
  /** The client will use the connection again. */
  readonly keepAlive: boolean;
  readonly http10: boolean;
}

const longestMethod = 32;
/** Of one head at a time: parsing is synchronous. */
const fields = new Fields();
/** The last method; most are the same. */
let lastMethod = '';

function methodOf(bytes: Buffer, from: number, to: number): string {
  let at = from;
  while (at < to && bytes[at] === lastMethod.charCodeAt(at - from)) at++;
  if (at < to || to - from !== lastMethod.length) lastMethod = bytes.toString('latin1', from, to);
  return lastMethod;
}

/**
 * The request whose head is `bytes[from, to)`, empty line included.
 *
 * @throws Http1Error
 */
export function parseRequestHead(
  bytes: Buffer,
  from: number,
  to: number,
  scheme: 'http' | 'https',
  limits: Http1Limits,
): ParsedRequest {
  let at = from;
  while (TOKEN[bytes[at] as number] === 1) at++;
  if (at === from || at - from > longestMethod || bytes[at] !== SP) throw new Http1Error('bad-method');
  const method = methodOf(bytes, from, at);
  const targetFrom = ++at;
  while (TARGET[bytes[at] as number] === 1) at++;
  if (at === targetFrom || bytes[at] !== SP) throw new Http1Error('bad-target');
  const target = bytes.toString('latin1', targetFrom, at);
  const version = versionOf(bytes, at + 1);
  at += 1 + version.length;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) throw new Http1Error('bad-version');
  const http10 = version === 'HTTP/1.0';

  fields.parse(bytes, at + 2, to - 2, limits);
  const { path, authority, absoluteForm } = parseTarget(method, target);
  if (fields.host === undefined ? !http10 : !isHost(fields.host)) {
    throw new Http1Error(fields.host === undefined ? 'no-host' : 'bad-host');
  }
  const framing = requestFraming(fields, http10);
  const head: RequestHead = {
    method,
    path,
    // The target's authority rules over Host (RFC 9112 section 3.2.2).
    authority: authority === '' ? (fields.host ?? '') : authority,
    scheme,
    headers: fields.headers,
    protocol: version,
  };
  if (absoluteForm) head.absoluteForm = true;
  if (method === 'CONNECT') {
    // A CONNECT has no body; what follows would be taken for the tunnel's by one reader and not by another.
    if (framing !== Framing.None) throw new Http1Error('bad-content-length');
    head.upgrade = 'connect';
  } else if (
    fields.connectionUpgrade &&
    fields.upgrade !== undefined &&
    !http10 &&
    framing === Framing.None
  ) {
    const protocol = fields.upgrade.toLowerCase();
    // We never speak h2c after an upgrade; passing it on would let a client tunnel past us.
    if (!protocol.split(',').some((part) => part.trim().startsWith('h2c'))) head.upgrade = protocol;
  }
  return {
    head,
    framing,
    contentLength: fields.contentLength,
    keepAlive: http10 ? fields.connectionKeepAlive && !fields.connectionClose : !fields.connectionClose,
    http10,
  };
}

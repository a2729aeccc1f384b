import { Http1Error } from '../protocol-error.ts';
import type { Fields } from './fields.ts';

/** How the end of a body is known (RFC 9112 section 6.3). */
export const Framing = {
  None: 0,
  Length: 1,
  Chunked: 2,
  UntilClose: 3,
} as const;
export type Framing = (typeof Framing)[keyof typeof Framing];

/** @throws Http1Error for anything that two readers could understand differently. */
export function requestFraming(fields: Fields, http10: boolean): Framing {
  if (isChunked(fields, http10)) return Framing.Chunked;
  return fields.contentLength > 0 ? Framing.Length : Framing.None;
}

/**
 * @param method of the request that is answered
 * @throws Http1Error as above
 */
export function responseFraming(fields: Fields, http10: boolean, status: number, method: string): Framing {
  const chunked = isChunked(fields, http10);
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return Framing.None;
  if (method === 'CONNECT' && status < 300) return Framing.None;
  if (chunked) return Framing.Chunked;
  if (fields.contentLength < 0) return Framing.UntilClose;
  return fields.contentLength === 0 ? Framing.None : Framing.Length;
}

function isChunked(fields: Fields, http10: boolean): boolean {
  const encoding = fields.transferEncoding;
  if (encoding === undefined) return false;
  if (http10) throw new Http1Error('encoding-in-1.0');
  if (fields.contentLength >= 0) throw new Http1Error('length-and-encoding');
  const lower = encoding.toLowerCase();
  if (lower === 'chunked') return true;
  const codings = lower.split(',').map((coding) => coding.trim());
  const once = codings.indexOf('chunked') === codings.length - 1;
  throw new Http1Error(once ? 'unknown-transfer-coding' : 'bad-transfer-encoding');
}

import type { Headers } from '@tulle/decision/headers';
import type { RequestHead } from '../../http/stream.ts';
import { cleanTarget } from '../../http1/parse/target.ts';
import { type HpackEncoder, mostBytes } from '../hpack/encoder.ts';

/** Room that the regular fields take at most when encoded. */
export function mostFieldBytes(headers: Headers): number {
  let most = 0;
  for (let at = 0; at < headers.size; at++) most += mostBytes(headers.nameAt(at), headers.valueAt(at));
  return most;
}

/** Room that a request’s whole block takes at most. */
export function mostRequestBytes(head: RequestHead): number {
  return (
    mostFieldBytes(head.headers) +
    mostBytes(':method', head.method) +
    mostBytes(':path', head.path) +
    mostBytes(':authority', head.authority) +
    mostBytes(':scheme', head.scheme) +
    mostBytes(':protocol', head.upgrade ?? '')
  );
}

/** @param dropLength a Content-Length that the message's end contradicts */
export function writeRequest(encoder: HpackEncoder, head: RequestHead, dropLength: boolean): void {
  const { upgrade } = head;
  encoder.field(':method', upgrade === undefined ? head.method : 'CONNECT');
  if (upgrade !== 'connect') {
    encoder.field(':scheme', head.scheme);
    encoder.field(':path', cleanTarget(head.path === '' ? '/' : head.path));
  }
  encoder.field(':authority', head.authority);
  if (upgrade !== undefined && upgrade !== 'connect') encoder.field(':protocol', upgrade);
  writeFields(encoder, head.headers, dropLength);
}

export function writeResponse(
  encoder: HpackEncoder,
  status: number,
  headers: Headers,
  dropLength: boolean,
): void {
  encoder.field(':status', String(status));
  writeFields(encoder, headers, dropLength);
}

export function writeFields(encoder: HpackEncoder, headers: Headers, dropLength: boolean): void {
  const { sensitive } = headers;
  for (let at = 0; at < headers.size; at++) {
    const name = headers.nameAt(at);
    const value = headers.valueAt(at);
    if (isConnectionField(name, value) || (dropLength && name === 'content-length' && value !== '0'))
      continue;
    encoder.field(name, value, sensitive?.includes(name) === true);
  }
}

/** Fields that only codecs write, or that HTTP/2 does not have (RFC 9113 section 8.2.2). */
function isConnectionField(name: string, value: string): boolean {
  switch (name.charCodeAt(0)) {
    case 0x63: // c
      return name === 'connection';
    case 0x68: // h
      return name === 'host' || name === 'http2-settings';
    case 0x6b: // k
      return name === 'keep-alive';
    case 0x70: // p
      return name === 'proxy-connection';
    case 0x74: // t
      return name === 'transfer-encoding' || (name === 'te' && value !== 'trailers');
    case 0x75: // u
      return name === 'upgrade';
    case 0x3a: // a pseudo field
      return true;
    default:
      return false;
  }
}

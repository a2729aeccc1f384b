import { HOST } from '../bytes.ts';
import { Http1Error } from '../protocol-error.ts';

export interface Target {
  readonly path: string;
  /** Of absolute and authority form; empty for origin form. */
  readonly authority: string;
  readonly absoluteForm: boolean;
}

/**
 * The four forms of a request target (RFC 9112 section 3.2), whose bytes are already known to be printable.
 *
 * @throws Http1Error
 */
export function parseTarget(method: string, target: string): Target {
  if (method === 'CONNECT') {
    if (!isHost(target) || portOf(target) === '') throw new Http1Error('bad-target');
    return { path: '', authority: target, absoluteForm: false };
  }
  if (target.charCodeAt(0) === 0x2f) return { path: target, authority: '', absoluteForm: false };
  if (target === '*' && method === 'OPTIONS') return { path: '*', authority: '', absoluteForm: false };
  return parseAbsolute(method, target);
}

function parseAbsolute(method: string, target: string): Target {
  const scheme = /^https?:\/\//i.exec(target);
  if (scheme === null) throw new Http1Error('bad-target');
  const rest = target.slice(scheme[0].length);
  const end = rest.search(/[/?]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  // User information is never for a proxy, and hides who is meant (RFC 9110 section 4.2.4).
  if (!isHost(authority)) throw new Http1Error('bad-target');
  const tail = end < 0 ? '' : rest.slice(end);
  const path = tail.startsWith('?') ? `/${tail}` : tail;
  if (path === '') return { path: method === 'OPTIONS' ? '*' : '/', authority, absoluteForm: true };
  return { path, authority, absoluteForm: true };
}

/** A host, with or without a port: a name, an IPv4 address, or an IPv6 address in brackets. */
export function isHost(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    if (HOST[value.charCodeAt(at)] !== 1) return false;
  }
  const port = portOf(value);
  if (port === undefined) return false;
  const host = port === '' ? value : value.slice(0, -port.length - 1);
  if (host === '' || host.endsWith(':')) return false;
  if (host.startsWith('[')) return /^\[[0-9a-fA-F:.]+\]$/.test(host);
  return !host.includes('[') && !host.includes(']') && !host.includes(':');
}

/** The digits after the last colon, '' without one, undefined when they are no port. */
function portOf(value: string): string | undefined {
  const colon = value.lastIndexOf(':');
  if (colon < 0 || value.endsWith(']')) return '';
  const port = value.slice(colon + 1);
  if (port.length === 0 || port.length > 5) return undefined;
  for (let at = 0; at < port.length; at++) {
    const digit = port.charCodeAt(at);
    if (digit < 0x30 || digit > 0x39) return undefined;
  }
  const number = Number(port);
  return number >= 1 && number <= 65_535 ? port : undefined;
}

const unclean = /[^\x21-\x7e]/;

/** A target as it may stand on the wire: what could end it, or is no ASCII, is percent-encoded as UTF-8. */
export function cleanTarget(target: string): string {
  if (!unclean.test(target)) return target;
  let clean = '';
  for (const byte of Buffer.from(target, 'utf8')) {
    clean +=
      byte >= 0x21 && byte <= 0x7e
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return clean;
}

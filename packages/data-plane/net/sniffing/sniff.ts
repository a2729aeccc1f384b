import { readClientHello } from './client-hello.ts';

/** What the first bytes of a connection say. */
export interface Inspection {
  readonly transport: 'tls' | 'raw_buffer';
  /** SNI, lower case; empty: none. */
  readonly serverName: string;
  /** ALPN of TLS; `http/1.1` or `h2c` of plain text; empty: unknown. */
  readonly protocols: readonly string[];
}

/** What is taken for granted of a connection that nobody looks into, or that said nothing in time. */
export const uninspected: Inspection = { transport: 'raw_buffer', serverName: '', protocols: [] };

const http1: Inspection = { transport: 'raw_buffer', serverName: '', protocols: ['http/1.1'] };
const http2: Inspection = { transport: 'raw_buffer', serverName: '', protocols: ['h2c'] };

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** A first line that is longer than this is not looked at to its end. */
const mostLineBytes = 8 * 1024;
const requestLine = /^(?:\r\n)*[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32} [\x21-\x7e]+ HTTP\/1\.[01]\r?$/;
const requestStart = /^(?:\r\n)*[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}(?: [\x21-\x7e]*(?: [HTP/1.0]{0,8}\r?)?)?$/;
const emptyLines = /^[\r\n]*$/;

/** The first byte of a TLS record with a handshake message; nothing that we know begins so in plain text. */
export const beginsTls = (bytes: Buffer): boolean => bytes[0] === 22;

/**
 * @param bytes what the client has sent so far
 * @param wanted which inspectors the listener has
 * @returns 'more' when that can't be said yet
 */
export function sniff(
  bytes: Buffer,
  wanted: { readonly tls: boolean; readonly http: boolean },
): Inspection | 'more' {
  if (bytes.length === 0) return 'more';
  if (wanted.tls && beginsTls(bytes)) {
    const hello = readClientHello(bytes);
    if (hello === 'more') return 'more';
    // Not understood, but no HTTP either: TLS itself shall refuse it.
    if (hello === 'invalid') return { transport: 'tls', serverName: '', protocols: [] };
    return { transport: 'tls', serverName: hello.serverName, protocols: hello.protocols };
  }
  return wanted.http ? sniffHttp(bytes) : uninspected;
}

function sniffHttp(bytes: Buffer): Inspection | 'more' {
  const common = Math.min(bytes.length, preface.length);
  if (bytes.compare(preface, 0, common, 0, common) === 0) return common === preface.length ? http2 : 'more';
  const text = bytes.toString('latin1', 0, Math.min(bytes.length, mostLineBytes));
  if (emptyLines.test(text)) return text.length < 64 ? 'more' : uninspected;
  const first = text.search(/[^\r\n]/);
  const end = text.indexOf('\n', first);
  if (end >= 0) return requestLine.test(text.slice(0, end)) ? http1 : uninspected;
  if (!requestStart.test(text)) return uninspected;
  // A target that long is still a request; the codec will say what it thinks of it.
  return text.length < mostLineBytes ? 'more' : http1;
}

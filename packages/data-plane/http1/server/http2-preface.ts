import { clientPreface } from '../../http2/frames/frame.ts';

/** What of it looks like a head: `PRI * HTTP/2.0` and an empty line. */
const head: Buffer = clientPreface.subarray(0, clientPreface.indexOf('\r\n\r\n') + 4);

/** The head `bytes[from, end)` is how an HTTP/2 client begins (RFC 9113 section 3.4). */
export function isHttp2Preface(bytes: Buffer, from: number, end: number): boolean {
  return end - from === head.length && head.compare(bytes, from, end) === 0;
}

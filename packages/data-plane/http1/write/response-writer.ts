import type { ResponseHead } from '../../http/stream.ts';
import { acceptOf, websocketAccept, websocketKey } from '../../http/websocket.ts';
import type { ParsedRequest } from '../parse/request-head.ts';
import { BodyCoding, type TextSink, writeResponseHead } from './head-writer.ts';

/** Where the writer puts its bytes. */
interface Sink extends TextSink {
  write(chunk: Buffer): boolean;
}

/** The framing of one response: what to write for its head and body, and what must hold of its length. */
export class ResponseWriter {
  /** The final head is written. */
  started = false;
  /** The last byte is written. */
  ended = false;
  /** The connection ends with this response. */
  close = false;
  chunked = false;
  /** Bytes go both ways as they are from here on. */
  tunnel = false;
  readonly #request: ParsedRequest;
  /** The head says all: answers to HEAD, and 204 and 304. */
  #noBody = false;
  /** Of the declared length; -1: none was declared. */
  #remaining = -1;

  constructor(request: ParsedRequest) {
    this.#request = request;
  }

  head(sink: Sink, head: ResponseHead, end: boolean, mustClose: boolean): void {
    const { status, headers } = head;
    const upgrade = this.#request.head.upgrade;
    this.started = true;
    if (upgrade !== undefined && (upgrade === 'connect' ? status >= 200 && status < 300 : status === 101)) {
      this.tunnel = true;
      if (upgrade === 'connect') {
        writeResponseHead(sink, head, BodyCoding.None, '');
        return;
      }
      const key = this.#request.head.headers.get(websocketKey);
      // From HTTP/2 it comes without.
      if (upgrade === 'websocket' && key !== undefined && !headers.has(websocketAccept))
        headers.add(websocketAccept, acceptOf(key), 'Sec-WebSocket-Accept');
      writeResponseHead(sink, head, BodyCoding.None, 'Upgrade', upgrade);
      return;
    }
    this.ended = end;
    this.close = mustClose || !this.#request.keepAlive || headers.get('connection') === 'close';
    const coding = this.#coding(head, end);
    const connection = this.close ? 'close' : this.#request.http10 ? 'keep-alive' : '';
    writeResponseHead(sink, head, coding, connection);
  }

  /** HTTP/1.0 knows none of these (RFC 9110 section 15.2). */
  informational(sink: Sink, head: ResponseHead): void {
    if (!this.#request.http10) writeResponseHead(sink, head, BodyCoding.None, '');
  }

  /** Counts `length` more bytes; false if the response contradicts its own Content-Length. */
  accepts(length: number, end: boolean): boolean {
    if (this.#remaining >= 0) {
      this.#remaining -= length;
      if (this.#remaining < 0 || (end && this.#remaining > 0)) return false;
    }
    if (end) this.ended = true;
    return true;
  }

  body(sink: Sink, chunk: Buffer, end: boolean): boolean {
    if (this.#noBody) return true;
    if (!this.chunked) return sink.write(chunk);
    let ready = true;
    if (chunk.length > 0) {
      sink.writeText(`${chunk.length.toString(16)}\r\n`);
      ready = sink.write(chunk);
      sink.writeText(end ? '\r\n0\r\n\r\n' : '\r\n');
    } else if (end) sink.writeText('0\r\n\r\n');
    return ready;
  }

  #coding(head: ResponseHead, end: boolean): BodyCoding {
    const { status } = head;
    if (status === 204 || status < 200) {
      this.#noBody = true;
      return BodyCoding.None;
    }
    if (status === 304 || this.#request.head.method === 'HEAD') {
      this.#noBody = true;
      return BodyCoding.AsIs;
    }
    if (end) return BodyCoding.Empty;
    const declared = head.headers.get('content-length');
    if (declared !== undefined && /^\d{1,15}$/.test(declared)) {
      this.#remaining = Number(declared);
      return BodyCoding.AsIs;
    }
    if (this.#request.http10) {
      this.close = true;
      return BodyCoding.None;
    }
    this.chunked = true;
    return BodyCoding.Chunked;
  }
}

import type { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResetReason, Stream } from '../../http/stream.ts';
import { acceptOf, newWebsocketKey, websocketAccept, websocketKey } from '../../http/websocket.ts';
import { BodyCoding, writeRequestHead, writeTrailers } from '../write/head-writer.ts';
import type { Http1Client } from './client.ts';

/** Methods whose requests usually have content: an empty one says so (RFC 9110 section 8.6). */
const withContent: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * One request on an upstream connection. A new object for each, so that a late call for an exchange that is
 * over finds itself out of date instead of writing into the next one.
 */
export class ClientExchange implements Stream<RequestHead> {
  readonly #client: Http1Client;
  #started = false;
  #chunked = false;
  #remaining = -1;
  #tunnel = false;
  /** Of a WebSocket's handshake that we made ourselves. */
  #key = '';
  /** Our direction is complete. */
  ended = false;
  /** Of the request, once its head was sent. */
  method = '';
  upgrade: string | undefined = undefined;

  constructor(client: Http1Client) {
    this.#client = client;
  }

  /** @internal The server agreed: bytes go as they are. */
  openTunnel(): void {
    this.#tunnel = true;
    this.ended = false;
  }

  sendHead(head: RequestHead, end: boolean): void {
    if (!this.#client.isCurrent(this) || this.#started) return;
    this.#started = true;
    this.method = head.method;
    this.upgrade = head.upgrade;
    // Until the answer a tunnel has no content; if it is refused, the request is complete as it is.
    this.ended = end || head.upgrade !== undefined;
    // An HTTP/1.1 client that left it out has its server to answer to.
    if (head.upgrade === 'websocket' && head.protocol === 'HTTP/2' && !head.headers.has(websocketKey))
      this.#key = newWebsocketKey();
    writeRequestHead(this.#client, head, this.#coding(head), this.#key);
  }

  /** @internal False: a WebSocket's server has not answered what we have asked it (RFC 6455 section 4.1). */
  understands(headers: Headers): boolean {
    if (this.#key === '') return true;
    const accepted = headers.get(websocketAccept) === acceptOf(this.#key);
    // Whoever asked by HTTP/2 knows nothing of our key.
    headers.remove(websocketAccept);
    return accepted;
  }

  /** Requests have none. */
  sendInformational(_head: RequestHead): void {}

  sendData(chunk: Buffer, end: boolean): boolean {
    if (!this.#client.isCurrent(this) || !this.#started || this.ended) return true;
    if (this.#tunnel) {
      const ready = this.#client.write(chunk);
      if (end) {
        this.ended = true;
        this.#client.endTunnel();
      }
      return ready;
    }
    if (!this.#counts(chunk.length, end)) return true;
    if (!this.#chunked) return this.#client.write(chunk);
    let ready = true;
    if (chunk.length > 0) {
      this.#client.writeText(`${chunk.length.toString(16)}\r\n`);
      ready = this.#client.write(chunk);
      this.#client.writeText(end ? '\r\n0\r\n\r\n' : '\r\n');
    } else if (end) this.#client.writeText('0\r\n\r\n');
    return ready;
  }

  sendTrailers(trailers: Headers): void {
    if (!this.#client.isCurrent(this) || !this.#started || this.ended || this.#tunnel) return;
    if (this.#counts(0, true) && this.#chunked) writeTrailers(this.#client, trailers);
  }

  reset(_reason: ResetReason): void {
    if (this.#client.isCurrent(this)) this.#client.abort();
  }

  pause(): void {
    if (this.#client.isCurrent(this)) this.#client.pause();
  }

  resume(): void {
    if (this.#client.isCurrent(this)) this.#client.resume();
  }

  #coding(head: RequestHead): BodyCoding {
    if (head.upgrade !== undefined) return BodyCoding.None;
    const declared = head.headers.get('content-length');
    if (this.ended)
      return declared !== undefined || withContent.has(head.method) ? BodyCoding.Empty : BodyCoding.None;
    if (declared !== undefined && /^\d{1,15}$/.test(declared)) {
      this.#remaining = Number(declared);
      return BodyCoding.AsIs;
    }
    this.#chunked = true;
    return BodyCoding.Chunked;
  }

  /** A request that contradicts its own Content-Length can't be completed: cuts the connection, false. */
  #counts(length: number, end: boolean): boolean {
    if (this.#remaining >= 0) {
      this.#remaining -= length;
      if (this.#remaining < 0 || (end && this.#remaining > 0)) {
        this.#client.abort();
        return false;
      }
    }
    if (end) this.ended = true;
    return true;
  }
}

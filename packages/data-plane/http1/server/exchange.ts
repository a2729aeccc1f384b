import type { Headers } from '@tulle/decision/headers';
import type { ResetReason, ResponseHead, Stream } from '../../http/stream.ts';
import { EMPTY } from '../bytes.ts';
import type { ParsedRequest } from '../parse/request-head.ts';
import { writeTrailers } from '../write/head-writer.ts';
import { ResponseWriter } from '../write/response-writer.ts';
import type { Http1Server } from './server.ts';

/**
 * One request and its answer. A new object for each, so that a late call for an exchange that is over finds
 * itself out of date instead of writing into the next one.
 */
export class ServerExchange implements Stream<ResponseHead> {
  readonly #server: Http1Server;
  readonly #writer: ResponseWriter;

  constructor(server: Http1Server, request: ParsedRequest) {
    this.#server = server;
    this.#writer = new ResponseWriter(request);
  }

  /** A final head has been written. */
  get started(): boolean {
    return this.#writer.started;
  }

  /** Our direction is complete. */
  get ended(): boolean {
    return this.#writer.ended;
  }

  sendHead(head: ResponseHead, end: boolean): void {
    const server = this.#server;
    if (!server.isCurrent(this) || this.#writer.started) return;
    this.#writer.head(server, head, end, server.mustClose);
    if (this.#writer.tunnel) server.openTunnel();
    else if (end) server.answered(this.#writer.close);
  }

  sendInformational(head: ResponseHead): void {
    if (!this.#server.isCurrent(this) || this.#writer.started) return;
    this.#writer.informational(this.#server, head);
  }

  sendData(chunk: Buffer, end: boolean): boolean {
    const server = this.#server;
    if (!server.isCurrent(this) || !this.#writer.started || this.#writer.ended) return true;
    if (!this.#writer.accepts(chunk.length, end)) {
      server.abort();
      return true;
    }
    if (this.#writer.tunnel) {
      const ready = server.write(chunk);
      if (end) server.endTunnel();
      return ready;
    }
    const ready = this.#writer.body(server, chunk, end);
    if (end) server.answered(this.#writer.close);
    return ready;
  }

  sendTrailers(trailers: Headers): void {
    const server = this.#server;
    if (!server.isCurrent(this) || !this.#writer.started || this.#writer.ended) return;
    if (this.#writer.tunnel) {
      // A tunnel has no place for them; its end they are.
      this.sendData(EMPTY, true);
      return;
    }
    if (!this.#writer.accepts(0, true)) {
      server.abort();
      return;
    }
    if (this.#writer.chunked) writeTrailers(server, trailers);
    server.answered(this.#writer.close);
  }

  reset(_reason: ResetReason): void {
    if (this.#server.isCurrent(this)) this.#server.abort();
  }

  pause(): void {
    if (this.#server.isCurrent(this)) this.#server.pause();
  }

  resume(): void {
    if (this.#server.isCurrent(this)) this.#server.resume();
  }
}

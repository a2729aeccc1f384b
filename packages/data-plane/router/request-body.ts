import type { Headers } from '@tulle/decision/headers';
import type { HttpStream } from '../http/http-stream.ts';
import type { RequestHead, Stream } from '../http/stream.ts';
import { RequestBuffer } from './request-buffer.ts';

/** Held for a connection that is being made; above, the client waits. */
const waitingBytes = 64 * 1024;

/**
 * A request's body on its way: kept while there may be another attempt, as far as the buffer limit allows, and the
 * client held back while upstream takes no more.
 */
export class RequestBody {
  readonly #source: HttpStream;
  readonly #buffer = new RequestBuffer();
  #holds = false;

  constructor(source: HttpStream) {
    this.#source = source;
  }

  /** False: what came first is gone; there can be no other attempt. */
  get replayable(): boolean {
    return this.#buffer.complete;
  }

  /** @param waiting no attempt has a connection @param mayRetry another attempt is possible */
  keep(chunk: Buffer, end: boolean, waiting: boolean, mayRetry: boolean): void {
    const buffer = this.#buffer;
    if (!waiting && !mayRetry) buffer.drop();
    buffer.add(chunk, end);
    if (waiting) {
      if (buffer.bytes > waitingBytes) this.hold();
    } else if (buffer.bytes > this.#source.bufferLimit) buffer.drop();
  }

  end(trailers: Headers): void {
    this.#buffer.end(trailers);
  }

  /** Gives the memory back. */
  drop(): void {
    this.#buffer.drop();
  }

  /** Writes what there is. False: upstream takes no more for now. */
  replay(upstream: Stream<RequestHead>): boolean {
    return this.#buffer.replay(upstream);
  }

  /** The client is to wait. */
  hold(): void {
    if (this.#holds) return;
    this.#holds = true;
    this.#source.holdRequest();
  }

  release(): void {
    if (!this.#holds) return;
    this.#holds = false;
    this.#source.releaseRequest();
  }
}

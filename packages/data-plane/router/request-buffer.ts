import type { Headers } from '@tulle/decision/headers';
import type { RequestHead, Stream } from '../http/stream.ts';

/** The request's body as far as it has come: for the connection that is being made, and for tries after it. */
export class RequestBuffer {
  readonly #chunks: Buffer[] = [];
  #trailers: Headers | undefined = undefined;
  #ended = false;
  #keeping = true;
  #received = 0;
  /** Held now. */
  bytes = 0;

  get ended(): boolean {
    return this.#ended;
  }

  /** False: what came first is gone; there can be no other try. */
  get complete(): boolean {
    return this.bytes === this.#received;
  }

  add(chunk: Buffer, end: boolean): void {
    if (end) this.#ended = true;
    this.#received += chunk.length;
    if (!this.#keeping || chunk.length === 0) return;
    this.#chunks.push(Buffer.from(chunk));
    this.bytes += chunk.length;
  }

  end(trailers?: Headers): void {
    this.#ended = true;
    this.#trailers = trailers;
  }

  /** Gives the memory back; a body can't be sent again. */
  drop(): void {
    this.#keeping = false;
    this.#chunks.length = 0;
    this.bytes = 0;
  }

  /** Writes what there is. False: above the high watermark. */
  replay(stream: Stream<RequestHead>): boolean {
    let ready = true;
    const last = this.#chunks.length - 1;
    const endsWithData = this.#ended && this.#trailers === undefined;
    this.#chunks.forEach((chunk, index) => {
      ready = stream.sendData(chunk, endsWithData && index === last);
    });
    if (this.#trailers !== undefined) stream.sendTrailers(this.#trailers.clone());
    else if (endsWithData && last < 0) stream.sendData(empty, true);
    return ready;
  }
}

const empty = Buffer.alloc(0);

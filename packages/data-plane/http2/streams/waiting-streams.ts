import type { FrameWriter } from '../frames/frame-writer.ts';
import type { Http2Stream } from './stream.ts';

/** Streams with something to send, or a sender held back, for want of window or room in the outbox. Served in turns. */
export class WaitingStreams<In, Out> {
  readonly #writer: FrameWriter;
  readonly #streams: Set<Http2Stream<In, Out>> = new Set();
  #pumping = false;

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  all(): Http2Stream<In, Out>[] {
    return [...this.#streams];
  }

  add(stream: Http2Stream<In, Out>): void {
    this.#streams.add(stream);
  }

  remove(stream: Http2Stream<In, Out>): void {
    this.#streams.delete(stream);
  }

  /** One turn for each, while the outbox takes more; who still waits goes to the end. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    let turns = this.#streams.size;
    for (const stream of this.#streams) {
      if (turns-- === 0 || !this.#writer.ready) break;
      this.#streams.delete(stream);
      stream.pump();
      if ((stream.waiting || stream.heldBack) && !stream.detached) this.#streams.add(stream);
    }
    this.#pumping = false;
  }
}

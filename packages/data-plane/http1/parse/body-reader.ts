import type { Headers } from '@tulle/decision/headers';
import { CR, LF } from '../bytes.ts';
import { HeldBytes } from '../held-bytes.ts';
import type { Http1Limits } from '../limits.ts';
import { Http1Error } from '../protocol-error.ts';
import { ChunkSizeLine } from './chunk-size.ts';
import { Fields } from './fields.ts';
import { Framing } from './framing.ts';
import { findHeadEnd, HeadScan } from './head-end.ts';

/** What one step of a body brought. */
export const Step = {
  /** All bytes are used and the body goes on. */
  More: 0,
  /** `bytes[dataFrom, dataTo)` is content; `last` says whether it is the last. */
  Data: 1,
  /** The body ended without further content; `trailers` if there were any. */
  End: 2,
} as const;
export type Step = (typeof Step)[keyof typeof Step];

const State = {
  Length: 0,
  SizeLine: 1,
  ChunkData: 2,
  ChunkCr: 3,
  ChunkLf: 4,
  Trailers: 5,
  UntilClose: 6,
  Done: 7,
} as const;
type State = (typeof State)[keyof typeof State];

/**
 * Reads bodies (RFC 9112 sections 6 and 7.1). The caller drives it step by step, so that it can stop
 * between any two when the other side can't take more. Content is never copied.
 */
export class BodyReader {
  /** Where the next step begins. */
  at = 0;
  dataFrom = 0;
  dataTo = 0;
  last = false;
  trailers: Headers | undefined = undefined;
  readonly #limits: Http1Limits;
  #state: State = State.Done;
  #remaining = 0;
  readonly #sizeLine = new ChunkSizeLine();
  readonly #trailerScan = new HeadScan();
  #trailerBytes: HeldBytes | undefined = undefined;

  constructor(limits: Http1Limits) {
    this.#limits = limits;
  }

  start(framing: Framing, contentLength: number): void {
    this.trailers = undefined;
    this.last = false;
    switch (framing) {
      case Framing.None:
        this.#state = State.Done;
        return;
      case Framing.Length:
        this.#state = State.Length;
        this.#remaining = contentLength;
        return;
      case Framing.Chunked:
        this.#state = State.SizeLine;
        this.#sizeLine.reset();
        return;
      case Framing.UntilClose:
        this.#state = State.UntilClose;
        return;
    }
  }

  get done(): boolean {
    return this.#state === State.Done;
  }

  /** The body ends when the connection does. */
  get untilClose(): boolean {
    return this.#state === State.UntilClose;
  }

  /**
   * Reads from `bytes[from]`; sets `at` and what the returned step says.
   *
   * @throws Http1Error
   */
  step(bytes: Buffer, from: number): Step {
    this.at = from;
    this.last = false;
    while (this.at < bytes.length) {
      switch (this.#state) {
        case State.Length: // → Done
          this.#take(bytes);
          if (this.#remaining === 0) this.#finish();
          return Step.Data;
        case State.UntilClose:
          this.dataFrom = this.at;
          this.at = this.dataTo = bytes.length;
          return Step.Data;
        case State.SizeLine: // → ChunkData | Trailers
          this.at = this.#sizeLine.read(bytes, this.at, this.#limits);
          if (!this.#sizeLine.done) return Step.More;
          this.#remaining = this.#sizeLine.size;
          this.#state = this.#remaining > 0 ? State.ChunkData : State.Trailers;
          break;
        case State.ChunkData: // → ChunkCr | Done
          this.#take(bytes);
          if (this.#remaining === 0) {
            this.#state = State.ChunkCr;
            if (endsBody(bytes, this.at)) {
              this.at += 7;
              this.#finish();
            }
          }
          return Step.Data;
        case State.ChunkCr: // → ChunkLf
          if (bytes[this.at++] !== CR) throw new Http1Error('bad-chunk-end');
          this.#state = State.ChunkLf;
          break;
        case State.ChunkLf: // → SizeLine
          if (bytes[this.at++] !== LF) throw new Http1Error('bad-chunk-end');
          this.#sizeLine.next();
          this.#state = State.SizeLine;
          break;
        case State.Trailers: // → Done
          return this.#readTrailers(bytes);
        case State.Done:
          return Step.End;
      }
    }
    return Step.More;
  }

  #take(bytes: Buffer): void {
    const available = bytes.length - this.at;
    const length = Math.min(available, this.#remaining);
    this.dataFrom = this.at;
    this.at += length;
    this.dataTo = this.at;
    this.#remaining -= length;
  }

  #finish(): void {
    this.#state = State.Done;
    this.last = true;
  }

  #readTrailers(bytes: Buffer): Step {
    if (this.#trailerBytes === undefined) {
      if (bytes[this.at] === CR && bytes[this.at + 1] === LF) {
        this.at += 2;
        this.#state = State.Done;
        return Step.End;
      }
      this.#trailerScan.reset();
    }
    const held = this.#trailerBytes?.length ?? 0;
    let all = bytes;
    let from = this.at;
    if (this.#trailerBytes !== undefined) {
      this.#trailerBytes.append(bytes.subarray(this.at));
      all = this.#trailerBytes.view();
      from = 0;
    }
    const end = findHeadEnd(all, from, this.#trailerScan, this.#limits);
    if (end < 0) {
      if (this.#trailerBytes === undefined) {
        this.#trailerBytes = new HeldBytes();
        this.#trailerBytes.append(bytes.subarray(this.at));
      }
      this.at = bytes.length;
      return Step.More;
    }
    this.trailers = parseTrailers(all, from, end, this.#limits);
    this.at += end - from - held;
    this.#trailerBytes = undefined;
    this.#state = State.Done;
    return Step.End;
  }
}

/** True if the last chunk and no trailers follow: then the content before it can be called the last. */
function endsBody(bytes: Buffer, at: number): boolean {
  return (
    at + 7 <= bytes.length &&
    bytes[at] === CR &&
    bytes[at + 1] === LF &&
    bytes[at + 2] === 0x30 &&
    bytes[at + 3] === CR &&
    bytes[at + 4] === LF &&
    bytes[at + 5] === CR &&
    bytes[at + 6] === LF
  );
}

function parseTrailers(bytes: Buffer, from: number, end: number, limits: Http1Limits): Headers | undefined {
  const fields = new Fields();
  fields.parse(bytes, from, end - 2, limits);
  // What frames or routes a message may not come after it (RFC 9110 section 6.5.1).
  if (fields.host !== undefined || fields.contentLength >= 0 || fields.transferEncoding !== undefined) {
    throw new Http1Error('bad-trailer');
  }
  return fields.headers.size > 0 ? fields.headers : undefined;
}

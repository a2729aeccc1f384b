import { Http2Error } from '../protocol-error.ts';
import { defaultMaxFrame, Flag, FrameType, frameHeaderBytes, readUint24, readUint31 } from './frame.ts';

/** Takes frames. Bytes are valid only during the call. */
export interface FrameSink {
  /** Any frame but DATA, complete; its payload is `bytes[from, to)`. */
  onFrame(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): void;
  /** A DATA frame begins; `length` is what counts for flow control, padding included. */
  onDataFrame(flags: number, id: number, length: number): void;
  /** Content of it, once or more. */
  onDataPart(bytes: Buffer, from: number, to: number, last: boolean): void;
}

const Data = { None: 0, PadLength: 1, Content: 2, Padding: 3 } as const;
type Data = (typeof Data)[keyof typeof Data];

const nothing: Buffer = Buffer.alloc(0);

/**
 * Cuts bytes into frames. What arrives whole is never copied; the content of DATA never at all.
 *
 * ```
 *   read ─┬─ whole frame in the chunk ───────────────▶ onFrame
 *         ├─ part of one ─▶ held (a frame at most) ──▶ onFrame
 *         └─ DATA ─▶ onDataFrame, then parts as they come
 * ```
 */
export class FrameReader {
  readonly #sink: FrameSink;
  #held: Buffer = nothing;
  #heldLength = 0;
  #data: Data = Data.None;
  #contentLeft = 0;
  #paddingLeft = 0;
  #stopped = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Nothing more is read, not even the rest of the present chunk. */
  stop(): void {
    this.#stopped = true;
    this.#held = nothing;
    this.#heldLength = 0;
  }

  /** @throws Http2Error of the frame layer or of the sink */
  read(chunk: Buffer, from = 0): void {
    const end = chunk.length;
    let at = from;
    while (at < end && !this.#stopped) {
      if (this.#data !== Data.None) at = this.#readData(chunk, at, end);
      else if (this.#heldLength > 0) at = this.#fill(chunk, at, end);
      else {
        if (end - at < frameHeaderBytes) {
          this.#hold(chunk, at, end, frameHeaderBytes);
          return;
        }
        const length = readUint24(chunk, at);
        if (length > defaultMaxFrame) throw new Http2Error('frame-too-large');
        const payload = at + frameHeaderBytes;
        if (chunk[at + 3] === FrameType.Data) {
          this.#beginData(chunk, at, length);
          at = payload;
        } else if (end - payload < length) {
          this.#hold(chunk, at, end, frameHeaderBytes + length);
          return;
        } else {
          this.#emit(chunk, at, length);
          at = payload + length;
        }
      }
    }
  }

  #emit(bytes: Buffer, at: number, length: number): void {
    const payload = at + frameHeaderBytes;
    this.#sink.onFrame(
      bytes[at + 3] as number,
      bytes[at + 4] as number,
      readUint31(bytes, at + 5),
      bytes,
      payload,
      payload + length,
    );
  }

  #hold(chunk: Buffer, from: number, to: number, needed: number): void {
    if (this.#held.length < needed) {
      const larger = Buffer.allocUnsafeSlow(needed);
      this.#held.copy(larger, 0, 0, this.#heldLength);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#heldLength, from, to);
    this.#heldLength += to - from;
  }

  /** Completes the held header, then the held frame. */
  #fill(chunk: Buffer, at: number, end: number): number {
    const header = this.#heldLength < frameHeaderBytes;
    const needed = header ? frameHeaderBytes : frameHeaderBytes + readUint24(this.#held, 0);
    const take = Math.min(needed - this.#heldLength, end - at);
    this.#hold(chunk, at, at + take, needed);
    if (this.#heldLength < needed) return at + take;
    const length = readUint24(this.#held, 0);
    if (length > defaultMaxFrame) throw new Http2Error('frame-too-large');
    if (header && this.#held[3] === FrameType.Data) {
      this.#heldLength = 0;
      this.#beginData(this.#held, 0, length);
    } else if (!header || length === 0) {
      const frame = this.#held;
      this.#heldLength = 0;
      // Idle connections keep no frame; and a sink that reads on would else overwrite what it reads.
      this.#held = nothing;
      this.#emit(frame, 0, length);
    }
    return at + take;
  }

  #beginData(bytes: Buffer, at: number, length: number): void {
    const flags = bytes[at + 4] as number;
    const padded = (flags & Flag.Padded) !== 0;
    if (padded && length === 0) throw new Http2Error('bad-frame-size');
    this.#contentLeft = length;
    this.#paddingLeft = 0;
    this.#data = padded ? Data.PadLength : Data.Content;
    this.#sink.onDataFrame(flags, readUint31(bytes, at + 5), length);
    if (length === 0) this.#part(nothing, 0, 0, true);
  }

  #readData(chunk: Buffer, at: number, end: number): number {
    switch (this.#data) {
      case Data.PadLength: {
        this.#paddingLeft = chunk[at] as number;
        this.#contentLeft -= 1 + this.#paddingLeft;
        if (this.#contentLeft < 0) throw new Http2Error('bad-padding');
        if (this.#contentLeft > 0) this.#data = Data.Content;
        else if (this.#paddingLeft > 0) this.#data = Data.Padding;
        else this.#part(nothing, 0, 0, true);
        return at + 1;
      }
      case Data.Content: {
        const take = Math.min(this.#contentLeft, end - at);
        this.#contentLeft -= take;
        const content = this.#contentLeft === 0;
        if (content && this.#paddingLeft > 0) this.#data = Data.Padding;
        this.#part(chunk, at, at + take, content && this.#paddingLeft === 0);
        return at + take;
      }
      default: {
        const take = Math.min(this.#paddingLeft, end - at);
        this.#paddingLeft -= take;
        if (this.#paddingLeft === 0) this.#part(nothing, 0, 0, true);
        return at + take;
      }
    }
  }

  #part(bytes: Buffer, from: number, to: number, last: boolean): void {
    if (last) this.#data = Data.None;
    this.#sink.onDataPart(bytes, from, to, last);
  }
}

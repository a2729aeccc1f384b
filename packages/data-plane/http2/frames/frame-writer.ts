import type { Headers } from '@tulle/decision/headers';
import type { RequestHead } from '../../http/stream.ts';
import type { Outbox } from '../../net/outbox.ts';
import {
  mostFieldBytes,
  mostRequestBytes,
  writeFields,
  writeRequest,
  writeResponse,
} from '../headers/head-fields.ts';
import { HpackEncoder } from '../hpack/encoder.ts';
import type { ErrorCode } from '../protocol-error.ts';
import {
  defaultMaxFrame,
  Flag,
  FrameType,
  frameHeaderBytes,
  writeFrameHeader,
  writeUint32,
} from './frame.ts';

/** Header blocks too large for one frame are made here; shared, as encoding is synchronous. */
let scratch = Buffer.allocUnsafeSlow(0);

/**
 * Frames into a connection's outbox, where they are made in place: one copy of each octet, one write per turn.
 */
export class FrameWriter {
  readonly encoder: HpackEncoder;
  /** Of DATA and header blocks: what the peer allows, and not more than the default. */
  readonly maxFrame: number = defaultMaxFrame;
  /** False: the peer does not read fast enough; DATA and heads wait. */
  ready = true;
  /** More control frames wait than a peer that reads would cause. */
  overloaded = false;
  readonly #outbox: Outbox;
  readonly #maxControlBytes: number;
  #controlBytes = 0;
  #block: Buffer = scratch;
  #blockAt = 0;

  constructor(outbox: Outbox, maxControlBytes: number, encoder: HpackEncoder = new HpackEncoder()) {
    this.#outbox = outbox;
    this.#maxControlBytes = maxControlBytes;
    this.encoder = encoder;
  }

  /** The outbox has drained. */
  drained(): void {
    this.ready = true;
    this.#controlBytes = 0;
  }

  raw(bytes: Buffer): void {
    this.ready = this.#outbox.write(bytes);
  }

  settings(values: readonly (readonly [id: number, value: number])[]): void {
    const length = values.length * 6;
    const out = this.#outbox.claim(frameHeaderBytes + length);
    let at = writeFrameHeader(out, this.#outbox.claimedAt, length, FrameType.Settings, 0, 0);
    for (const [id, value] of values) {
      out[at] = id >>> 8;
      out[at + 1] = id;
      at = writeUint32(out, at + 2, value);
    }
    this.#control(frameHeaderBytes + length);
  }

  settingsAck(): void {
    const out = this.#outbox.claim(frameHeaderBytes);
    writeFrameHeader(out, this.#outbox.claimedAt, 0, FrameType.Settings, Flag.Ack, 0);
    this.#control(frameHeaderBytes);
  }

  ping(ack: boolean, bytes: Uint8Array, from: number): void {
    const out = this.#outbox.claim(frameHeaderBytes + 8);
    const at = writeFrameHeader(out, this.#outbox.claimedAt, 8, FrameType.Ping, ack ? Flag.Ack : 0, 0);
    for (let index = 0; index < 8; index++) out[at + index] = bytes[from + index] as number;
    this.#control(frameHeaderBytes + 8);
  }

  goaway(lastId: number, code: ErrorCode, why: string): void {
    const length = 8 + why.length;
    const out = this.#outbox.claim(frameHeaderBytes + length);
    let at = writeFrameHeader(out, this.#outbox.claimedAt, length, FrameType.Goaway, 0, 0);
    at = writeUint32(out, at, lastId);
    at = writeUint32(out, at, code);
    out.write(why, at, 'latin1');
    this.#control(frameHeaderBytes + length);
  }

  rstStream(id: number, code: ErrorCode): void {
    this.#word(FrameType.RstStream, id, code);
  }

  windowUpdate(id: number, increment: number): void {
    this.#word(FrameType.WindowUpdate, id, increment);
  }

  /** One DATA frame of `chunk[from, to)`, which is no longer than `maxFrame`. */
  data(id: number, chunk: Buffer, from: number, to: number, end: boolean): void {
    const length = to - from;
    const out = this.#outbox.claim(frameHeaderBytes + length);
    const flags = end ? Flag.EndStream : 0;
    const at = writeFrameHeader(out, this.#outbox.claimedAt, length, FrameType.Data, flags, id);
    if (length > 0) chunk.copy(out, at, from, to);
    this.ready = this.#outbox.commit(frameHeaderBytes + length);
  }

  request(id: number, head: RequestHead, end: boolean): void {
    this.#openBlock(mostRequestBytes(head));
    writeRequest(this.encoder, head, end);
    this.#closeBlock(id, end);
  }

  response(id: number, status: number, headers: Headers, end: boolean, dropLength: boolean): void {
    this.#openBlock(mostFieldBytes(headers) + 64);
    writeResponse(this.encoder, status, headers, dropLength);
    this.#closeBlock(id, end);
  }

  trailers(id: number, headers: Headers): void {
    this.#openBlock(mostFieldBytes(headers) + 64);
    writeFields(this.encoder, headers, true);
    this.#closeBlock(id, true);
  }

  #word(type: number, id: number, value: number): void {
    const out = this.#outbox.claim(frameHeaderBytes + 4);
    writeUint32(out, writeFrameHeader(out, this.#outbox.claimedAt, 4, type, 0, id), value);
    this.#control(frameHeaderBytes + 4);
  }

  #control(length: number): void {
    const ready = this.#outbox.commit(length);
    if (!ready || !this.ready) {
      this.#controlBytes += length;
      if (this.#controlBytes > this.#maxControlBytes) this.overloaded = true;
    }
    this.ready = ready;
  }

  #openBlock(most: number): void {
    if (most <= this.maxFrame) {
      this.#block = this.#outbox.claim(frameHeaderBytes + most);
      this.#blockAt = this.#outbox.claimedAt;
      this.encoder.start(this.#block, this.#blockAt + frameHeaderBytes);
    } else {
      if (scratch.length < most) scratch = Buffer.allocUnsafeSlow(most);
      this.#block = scratch;
      this.encoder.start(scratch, 0);
    }
  }

  #closeBlock(id: number, end: boolean): void {
    const flags = end ? Flag.EndStream : 0;
    if (this.#block !== scratch) {
      const length = this.encoder.at - this.#blockAt - frameHeaderBytes;
      writeFrameHeader(this.#block, this.#blockAt, length, FrameType.Headers, flags | Flag.EndHeaders, id);
      this.ready = this.#outbox.commit(frameHeaderBytes + length);
      return;
    }
    const total = this.encoder.at;
    for (let from = 0; from < total || from === 0; from += this.maxFrame) {
      const to = Math.min(from + this.maxFrame, total);
      const type = from === 0 ? FrameType.Headers : FrameType.Continuation;
      const more = (from === 0 ? flags : 0) | (to === total ? Flag.EndHeaders : 0);
      const out = this.#outbox.claim(frameHeaderBytes + to - from);
      const at = writeFrameHeader(out, this.#outbox.claimedAt, to - from, type, more, id);
      scratch.copy(out, at, from, to);
      this.ready = this.#outbox.commit(frameHeaderBytes + to - from);
    }
  }
}

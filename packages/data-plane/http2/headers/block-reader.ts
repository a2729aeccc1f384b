import { HeldBytes } from '../../http1/held-bytes.ts';
import type { Timer } from '../../timers/wheel.ts';
import { Flag, readUint31 } from '../frames/frame.ts';
import { BlockMemo } from '../hpack/block-memo.ts';
import { HpackDecoder } from '../hpack/decoder.ts';
import type { Http2Limits } from '../limits.ts';
import { Http2Error, type Http2Problem } from '../protocol-error.ts';
import { HeaderBlock } from './header-block.ts';

/** A complete header block. `problem`: the stream can't go on, but the block has been decoded. */
export type BlockTaker = (
  id: number,
  block: HeaderBlock,
  end: boolean,
  problem: Http2Problem | undefined,
) => void;

/**
 * HEADERS and CONTINUATION frames into decoded blocks. Every block is decoded, wanted or not: the tables of
 * both ends must stay the same (RFC 9113 section 4.3).
 */
export class BlockReader {
  /** Whose block goes on in CONTINUATION; 0: none. */
  stream = 0;
  readonly #limits: Http2Limits;
  readonly #timer: Timer;
  readonly #take: BlockTaker;
  readonly #memo: BlockMemo<HeaderBlock>;
  readonly #held = new HeldBytes();
  #flags = 0;
  #selfDependent = false;
  #continuations = 0;

  /** @param timer runs while a block is incomplete */
  constructor(limits: Http2Limits, timer: Timer, take: BlockTaker) {
    this.#limits = limits;
    this.#timer = timer;
    this.#take = take;
    const decoder = new HpackDecoder();
    this.#memo = new BlockMemo(decoder, (bytes, from, to) => {
      const block = new HeaderBlock(limits);
      decoder.decode(bytes, from, to, block);
      return block;
    });
  }

  /** The payload of HEADERS (RFC 9113 section 6.2). */
  headers(flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    if (id === 0) throw new Http2Error('bad-stream-id');
    if ((flags & Flag.Padded) !== 0) {
      if (from >= to) throw new Http2Error('bad-frame-size');
      to -= bytes[from++] as number;
      if (from > to) throw new Http2Error('bad-padding');
    }
    this.#selfDependent = false;
    if ((flags & Flag.Priority) !== 0) {
      if (to - from < 5) throw new Http2Error('bad-frame-size');
      this.#selfDependent = readUint31(bytes, from) === id;
      from += 5;
    }
    this.#flags = flags;
    if ((flags & Flag.EndHeaders) !== 0) {
      this.#read(id, bytes, from, to);
      return;
    }
    this.stream = id;
    this.#continuations = 0;
    this.#held.append(bytes.subarray(from, to));
    if (this.#limits.headTimeoutMs > 0) this.#timer.start(this.#limits.headTimeoutMs);
  }

  /** The payload of CONTINUATION, on the stream whose block goes on. */
  continuation(flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    if (this.stream === 0) throw new Http2Error('unexpected-continuation');
    const { maxContinuations, maxHeaderBlockBytes } = this.#limits;
    this.#continuations++;
    if (this.#continuations > maxContinuations || this.#held.length + to - from > maxHeaderBlockBytes) {
      throw new Http2Error('block-too-large');
    }
    this.#held.append(bytes.subarray(from, to));
    if ((flags & Flag.EndHeaders) === 0) return;
    this.stream = 0;
    this.#timer.stop();
    const block = this.#held.take();
    this.#read(id, block, 0, block.length);
  }

  clear(): void {
    this.#held.clear();
  }

  #read(id: number, bytes: Buffer, from: number, to: number): void {
    const block = this.#memo.read(bytes, from, to);
    const end = (this.#flags & Flag.EndStream) !== 0;
    this.#take(id, block, end, this.#selfDependent ? 'self-dependency' : undefined);
  }
}

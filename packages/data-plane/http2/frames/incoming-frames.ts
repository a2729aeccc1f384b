import type { Timer, TimerWheel } from '../../timers/wheel.ts';
import { type DataHost, InboundData } from '../flow-control/inbound-data.ts';
import { BlockReader } from '../headers/block-reader.ts';
import type { HeaderBlock } from '../headers/header-block.ts';
import type { Http2Limits } from '../limits.ts';
import { Http2Error, type Http2Problem } from '../protocol-error.ts';
import { Flag, FrameType, readUint31, readUint32 } from './frame.ts';
import type { FrameSink } from './frame-reader.ts';

/** Who acts on frames. Bytes are valid only during the call; all may throw Http2Error. */
export interface FrameHost<In, Out> extends DataHost<In, Out> {
  /** A complete header block. `problem`: the stream can't go on, but the block has been decoded. */
  onBlock(id: number, block: HeaderBlock, end: boolean, problem: Http2Problem | undefined): void;
  onRstStream(id: number, code: number): void;
  /** `bytes[from, to)`: whole settings. */
  onSettings(bytes: Buffer, from: number, to: number): void;
  /** Its eight octets begin at `from`. */
  onPing(bytes: Buffer, from: number): void;
  /** An answer to the PING of ours whose content begins with this octet. */
  onPong(first: number): void;
  onGoaway(lastId: number): void;
  /** @param id 0: of the connection */
  onWindowUpdate(id: number, increment: number): void;
  /** A PRIORITY frame makes the stream wait for itself. */
  onSelfDependency(id: number): void;
  /** What was waited for has not come: the first SETTINGS, or the rest of a header block. */
  onLate(): void;
}

/**
 * What the frames of one connection say, once it is certain that they make sense by themselves: their order, sizes
 * and streams' identifiers (RFC 9113 sections 4 and 6). What they mean for streams and windows is the host's matter.
 */
export class IncomingFrames<In, Out> implements FrameSink {
  readonly data: InboundData<In, Out>;
  /** The peer's SETTINGS have come. */
  settled = false;
  readonly #host: FrameHost<In, Out>;
  readonly #limits: Http2Limits;
  readonly #blocks: BlockReader;
  /** Runs until the first SETTINGS, and while a header block is incomplete. */
  readonly #late: Timer;

  constructor(host: FrameHost<In, Out>, timers: TimerWheel, limits: Http2Limits) {
    this.#host = host;
    this.#limits = limits;
    this.#late = timers.timer(() => host.onLate());
    this.data = new InboundData(host, limits);
    this.#blocks = new BlockReader(limits, this.#late, (id, block, end, problem) => {
      host.onBlock(id, block, end, problem);
    });
  }

  /** The first SETTINGS are due, and the peer is told how much it may send. */
  begin(): void {
    this.data.open();
    if (this.#limits.headTimeoutMs > 0) this.#late.start(this.#limits.headTimeoutMs);
  }

  stop(): void {
    this.#late.stop();
  }

  /** Gives the memory back. */
  clear(): void {
    this.#blocks.clear();
  }

  onDataFrame(flags: number, id: number, length: number): void {
    this.#expect(FrameType.Data, 0, id);
    this.data.begin(flags, id, length);
  }

  onDataPart(bytes: Buffer, from: number, to: number, last: boolean): void {
    this.data.part(bytes, from, to, last);
  }

  onFrame(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    this.#expect(type, flags, id);
    const host = this.#host;
    const length = to - from;
    switch (type) {
      case FrameType.Headers:
        this.#blocks.headers(flags, id, bytes, from, to);
        return;
      case FrameType.Continuation:
        this.#blocks.continuation(flags, id, bytes, from, to);
        return;
      case FrameType.Priority:
        if (id === 0) throw new Http2Error('bad-stream-id');
        if (length !== 5) throw new Http2Error('bad-frame-size');
        host.conduct.idleFrame();
        // Priorities are not heeded (RFC 9113 section 5.3), but must make sense.
        if (readUint31(bytes, from) === id) host.onSelfDependency(id);
        return;
      case FrameType.RstStream:
        if (length !== 4) throw new Http2Error('bad-frame-size');
        if (id === 0) throw new Http2Error('bad-stream-id');
        host.onRstStream(id, readUint32(bytes, from));
        return;
      case FrameType.Settings:
        this.#settings(flags, id, bytes, from, to);
        return;
      case FrameType.PushPromise:
        throw new Http2Error('push-promise');
      case FrameType.Ping:
        if (id !== 0) throw new Http2Error('bad-stream-id');
        if (length !== 8) throw new Http2Error('bad-frame-size');
        host.conduct.idleFrame();
        if ((flags & Flag.Ack) !== 0) host.onPong(bytes[from] as number);
        else host.onPing(bytes, from);
        return;
      case FrameType.Goaway:
        if (id !== 0) throw new Http2Error('bad-stream-id');
        if (length < 8) throw new Http2Error('bad-frame-size');
        host.conduct.idleFrame();
        host.onGoaway(readUint31(bytes, from));
        return;
      case FrameType.WindowUpdate:
        if (length !== 4) throw new Http2Error('bad-frame-size');
        host.conduct.idleFrame();
        host.onWindowUpdate(id, readUint31(bytes, from));
        return;
      default:
        // An extension that we don't know is passed over (RFC 9113 section 4.1).
        host.conduct.idleFrame();
    }
  }

  /** What every frame must heed: SETTINGS come first, and nothing comes between the frames of a block. */
  #expect(type: number, flags: number, id: number): void {
    if (this.#blocks.stream !== 0) {
      if (type !== FrameType.Continuation || id !== this.#blocks.stream)
        throw new Http2Error('block-interrupted');
    } else if (!this.settled && (type !== FrameType.Settings || (flags & Flag.Ack) !== 0)) {
      throw new Http2Error('no-settings');
    }
  }

  #settings(flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    if (id !== 0) throw new Http2Error('bad-stream-id');
    const ack = (flags & Flag.Ack) !== 0;
    if (ack ? to > from : (to - from) % 6 !== 0) throw new Http2Error('bad-frame-size');
    this.#host.conduct.idleFrame();
    if (ack) return;
    const first = !this.settled;
    if (first) this.#late.stop();
    this.settled = true;
    this.#host.onSettings(bytes, from, to);
  }
}

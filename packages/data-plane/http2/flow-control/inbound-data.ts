import type { Conduct } from '../conduct.ts';
import { Flag } from '../frames/frame.ts';
import type { FrameWriter } from '../frames/frame-writer.ts';
import type { Http2Limits } from '../limits.ts';
import { Http2Error } from '../protocol-error.ts';
import type { Http2Stream } from '../streams/stream.ts';
import { ReceiveWindow } from './receive-window.ts';

/** What the peers believe before they have heard of each other (RFC 9113 section 6.9.2). */
const initialConnectionWindow = 65_535;

/** What DATA frames need to know of their connection. */
export interface DataHost<In, Out> {
  readonly writer: FrameWriter;
  readonly conduct: Conduct;
  /** False: it is over, and windows mean nothing any more. */
  readonly open: boolean;
  /** The stream with this identifier; undefined: a frame on it is ignored, or has been answered. */
  findOpen(id: number): Http2Stream<In, Out> | undefined;
}

/** The content of DATA frames on its way to its streams, and the windows that are given back for it. */
export class InboundData<In, Out> {
  readonly #host: DataHost<In, Out>;
  readonly #limits: Http2Limits;
  readonly #window: ReceiveWindow;
  /** The stream of the present frame; undefined: its content is for nobody. */
  #stream: Http2Stream<In, Out> | undefined = undefined;
  #ends = false;
  /** Of the present frame: octets to come, padding included; octets of content that have come. */
  #left = 0;
  #content = 0;

  constructor(host: DataHost<In, Out>, limits: Http2Limits) {
    this.#host = host;
    this.#limits = limits;
    this.#window = new ReceiveWindow(
      limits.connectionWindow,
      limits.maxConnectionWindow,
      initialConnectionWindow,
    );
  }

  /** Tells the peer how much it may send on the whole connection. */
  open(): void {
    const increment = this.#window.open();
    if (increment > 0) this.#host.writer.windowUpdate(0, increment);
  }

  /** A frame begins; padding counts, too (RFC 9113 section 6.1). */
  begin(flags: number, id: number, length: number): void {
    if (id === 0) throw new Http2Error('bad-stream-id');
    if (!this.#window.receive(length)) throw new Http2Error('window-exceeded');
    this.#left = length;
    this.#ends = (flags & Flag.EndStream) !== 0;
    this.#content = 0;
    this.#stream = this.#target(id, length);
  }

  part(bytes: Buffer, from: number, to: number, last: boolean): void {
    const stream = this.#stream;
    const length = to - from;
    this.#left -= length;
    this.#content += length;
    const ends = last && this.#ends;
    if (stream === undefined || stream.detached) this.#giveBack(length);
    else if (length > 0 || ends) stream.receiveData(bytes.subarray(from, to), ends);
    if (!last) return;
    this.#stream = undefined;
    if (this.#content === 0) {
      if (!ends) this.#host.conduct.idleFrame();
    } else if (stream !== undefined) this.#host.conduct.work();
    this.taken(stream, this.#left);
  }

  /** `length` octets have been taken by who they were for. */
  taken(stream: Http2Stream<In, Out> | undefined, length: number): void {
    if (length === 0 || !this.#host.open) return;
    this.#giveBack(length);
    if (stream?.window === undefined || stream.detached || stream.remoteEnded) return;
    const increment = stream.window.take(length);
    if (increment > 0) this.#host.writer.windowUpdate(stream.id, increment);
  }

  /** The stream's handler takes no more for now. */
  stopped(stream: Http2Stream<In, Out>): void {
    stream.window?.shrink();
    this.#window.shrink();
  }

  #target(id: number, length: number): Http2Stream<In, Out> | undefined {
    const stream = this.#host.findOpen(id);
    if (stream === undefined) return undefined;
    if (stream.remoteEnded) stream.fail('stream-closed');
    else if (!stream.expectsData) stream.fail('early-data');
    else {
      const { streamWindow, maxStreamWindow } = this.#limits;
      stream.window ??= new ReceiveWindow(streamWindow, maxStreamWindow, streamWindow);
      if (stream.window.receive(length)) return stream;
      stream.fail('window-exceeded');
    }
    return undefined;
  }

  #giveBack(length: number): void {
    const increment = this.#window.take(length);
    if (increment > 0 && this.#host.open) this.#host.writer.windowUpdate(0, increment);
  }
}

import type { Socket } from 'node:net';
import { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead, Stream, StreamHandler } from '../http/stream.ts';
import type { Timer } from '../timers/wheel.ts';
import { Http2Connection, type Http2ConnectionOptions } from './connection.ts';
import { clientPreface } from './frames/frame.ts';
import { largestWindow, Setting } from './frames/settings.ts';
import type { HeaderBlock } from './headers/header-block.ts';
import { requestHead, requestProblem } from './headers/request-head.ts';
import { trailerProblem, trailersOf } from './headers/response-head.ts';
import { ErrorCode, Http2Error, type Http2Problem } from './protocol-error.ts';
import { Ending } from './streams/closed-streams.ts';
import { ServerStream } from './streams/server-stream.ts';
import type { Http2Stream } from './streams/stream.ts';

export interface Http2ServerOptions extends Http2ConnectionOptions {
  readonly scheme: 'http' | 'https';
  /**
   * A request's head is there. The returned handler gets it again by `onHead`, then body, trailers, drain
   * and reset; the response goes through `stream`.
   */
  readonly onRequest: (head: RequestHead, stream: Stream<ResponseHead>) => StreamHandler<RequestHead>;
  /** Once, when the connection is gone. */
  readonly onClose?: () => void;
}

/** None ─▶ Announced ─▶ Final: the two steps of a graceful GOAWAY (RFC 9113 section 6.8). */
const Drain = {
  None: 0,
  /** GOAWAY without a last stream is sent; what is under way still comes. */
  Announced: 1,
  /** GOAWAY with the last stream is sent; the connection ends with its last stream. */
  Final: 2,
} as const;
type Drain = (typeof Drain)[keyof typeof Drain];

const drainPing: Buffer = Buffer.from('drain ok', 'latin1');

/** One downstream connection; requests are served side by side. */
export class Http2Server extends Http2Connection<RequestHead, ResponseHead> {
  protected readonly countsResets = true;
  readonly #options: Http2ServerOptions;
  readonly #drainTimer: Timer;
  #prefaceLeft = clientPreface.length;
  #lastId = 0;
  #drain: Drain = Drain.None;
  /** The client will open no more streams. */
  #clientLeaves = false;

  constructor(socket: Socket, options: Http2ServerOptions) {
    super(socket, options, options.limits.idleTimeoutMs);
    this.#options = options;
    this.#drainTimer = options.timers.timer(() => this.#drainNow());
    const { limits, keepalive } = options;
    this.begin(
      [
        [Setting.MaxConcurrentStreams, limits.maxConcurrentStreams],
        [Setting.InitialWindowSize, limits.streamWindow],
        [Setting.MaxHeaderListSize, limits.maxHeaderListBytes],
        [Setting.EnableConnectProtocol, 1],
      ],
      keepalive,
    );
  }

  /** Requests are being served. */
  get busy(): boolean {
    return this.streams.size > 0;
  }

  /** Lets the requests that are there, or under way, finish, then closes. */
  drain(): void {
    if (this.#drain !== Drain.None || !this.open) return;
    this.#drain = Drain.Announced;
    this.writer.goaway(largestWindow, ErrorCode.NoError, '');
    // Its answer says that the client has seen the GOAWAY, so no stream is under way any more.
    this.writer.ping(false, drainPing, 0);
    this.#drainTimer.start(Math.max(1, this.limits.lingerMs));
  }

  canOpen(): boolean {
    return this.writer.ready;
  }

  protected readPreface(chunk: Buffer): number {
    if (this.#prefaceLeft === 0) return 0;
    const from = clientPreface.length - this.#prefaceLeft;
    const length = Math.min(this.#prefaceLeft, chunk.length);
    if (clientPreface.compare(chunk, 0, length, from, from + length) !== 0) {
      throw new Http2Error('bad-preface');
    }
    this.#prefaceLeft -= length;
    return length;
  }

  /** @internal */
  onBlock(id: number, block: HeaderBlock, end: boolean, problem: Http2Problem | undefined): void {
    const stream = this.streams.get(id);
    if (stream !== undefined) {
      this.#onTrailers(stream, block, end, problem);
      return;
    }
    if ((id & 1) === 0) throw new Http2Error('bad-stream-id');
    if (id <= this.#lastId) {
      const ending = this.closedStreams.ending(id);
      // Trailers that were under way when we reset the stream.
      if (ending === Ending.Reset) {
        this.conduct.idleFrame();
        return;
      }
      throw new Http2Error(ending === Ending.Closed ? 'stream-closed' : 'bad-stream-id');
    }
    // After the final GOAWAY: the client knows that nobody looks at it (RFC 9113 section 6.8).
    if (this.#drain === Drain.Final) {
      this.conduct.idleFrame();
      return;
    }
    this.#lastId = id;
    const wrong = problem ?? requestProblem(block);
    if (this.streams.size >= this.limits.maxConcurrentStreams) this.refuseFrame(id, 'too-many-streams');
    else if (block.full) this.#refuseHead(id, end);
    else if (wrong !== undefined) this.refuseFrame(id, wrong);
    else this.#begin(id, block, end);
  }

  #begin(id: number, block: HeaderBlock, end: boolean): void {
    const head = requestHead(block, this.#options.scheme);
    if (end && head.upgrade === undefined && block.contentLength > 0) {
      this.refuseFrame(id, 'length-mismatch');
      return;
    }
    this.conduct.work();
    const stream = new ServerStream(this, id, head, block.contentLength);
    stream.sendWindow = this.peer.initialWindowSize;
    this.streams.add(stream);
    const tunnel = head.upgrade !== undefined;
    if (end) {
      if (tunnel) stream.receiveData(Buffer.alloc(0), true);
      else stream.complete();
    }
    const handler = this.#options.onRequest(head, stream);
    // A handler may have answered, or reset, before it was returned.
    if (stream.detached) return;
    stream.handler = handler;
    handler.onHead(head, end && !tunnel);
  }

  #onTrailers(
    stream: Http2Stream<RequestHead, ResponseHead>,
    block: HeaderBlock,
    end: boolean,
    problem: Http2Problem | undefined,
  ): void {
    const wrong = stream.remoteEnded
      ? 'stream-closed'
      : (problem ?? (block.full ? 'list-too-large' : end ? trailerProblem(block) : 'no-end'));
    if (wrong !== undefined) stream.fail(wrong);
    else {
      this.conduct.work();
      stream.receiveTrailers(trailersOf(block));
    }
  }

  /** Answers a head beyond the limits (RFC 6585 section 5). */
  #refuseHead(id: number, end: boolean): void {
    this.writer.response(id, 431, Headers.of({ 'content-length': '0' }), true, false);
    if (end) this.closedStreams.add(id, Ending.Closed);
    else this.refuseFrame(id, 'list-too-large');
  }

  protected isIdle(id: number): boolean {
    return id > this.#lastId;
  }

  protected get lastPeerStream(): number {
    return this.#lastId;
  }

  /** The answer is complete: the rest of the request is for nobody (RFC 9113 section 8.1). */
  protected onHalfSent(stream: Http2Stream<RequestHead, ResponseHead>): void {
    if (!stream.isTunnel) this.resetStream(stream, ErrorCode.NoError);
  }

  protected onHalfReceived(): void {}

  protected onSettled(): void {}

  /** @internal */
  onPong(first: number): void {
    if (first === drainPing[0]) this.#drainNow();
  }

  /** @internal */
  onGoaway(): void {
    this.#clientLeaves = true;
    this.onDetached();
  }

  protected onDetached(): void {
    const leaving = this.#clientLeaves || this.#drain === Drain.Final;
    if (leaving && this.streams.size === 0) this.finish();
  }

  protected allStreams(): Http2Stream<RequestHead, ResponseHead>[] {
    return this.streams.all();
  }

  protected onGone(): void {
    this.#drainTimer.stop();
  }

  protected onClosed(): void {
    this.#options.onClose?.();
  }

  #drainNow(): void {
    if (this.#drain !== Drain.Announced) return;
    this.#drain = Drain.Final;
    this.#drainTimer.stop();
    if (this.streams.size === 0) this.finish();
    else this.writer.goaway(this.#lastId, ErrorCode.NoError, '');
  }
}

import type { Socket } from 'node:net';
import type { ResetReason } from '../http/stream.ts';
import { cut } from '../net/cut.ts';
import type { Outbox, Outboxes } from '../net/outbox.ts';
import { readShared } from '../net/shared-reads.ts';
import type { TimerWheel } from '../timers/wheel.ts';
import { Conduct } from './conduct.ts';
import { FrameReader } from './frames/frame-reader.ts';
import { FrameWriter } from './frames/frame-writer.ts';
import { type FrameHost, IncomingFrames } from './frames/incoming-frames.ts';
import { largestWindow, PeerSettings } from './frames/settings.ts';
import type { HeaderBlock } from './headers/header-block.ts';
import { Keepalive, type KeepaliveHost, type KeepaliveTimes } from './keepalive.ts';
import type { Http2Limits } from './limits.ts';
import { Patience, type PatienceHost } from './patience.ts';
import { ErrorCode, Http2Error, type Http2Problem, http2Problems } from './protocol-error.ts';
import { ClosedStreams, Ending } from './streams/closed-streams.ts';
import type { Http2Stream } from './streams/stream.ts';
import { StreamTable } from './streams/stream-table.ts';
import { WaitingStreams } from './streams/waiting-streams.ts';

export interface Http2ConnectionOptions {
  readonly limits: Http2Limits;
  readonly timers: TimerWheel;
  readonly outboxes: Outboxes;
  /** Absent: a peer is believed to be there until TCP says otherwise. */
  readonly keepalive?: KeepaliveTimes;
  /** The peer broke the protocol, on the connection or on a stream: for statistics. */
  readonly onProblem?: (problem: Http2Problem) => void;
}

const State = {
  Open: 0,
  /** We have said all and wait for the peer to close. */
  Closing: 1,
  Closed: 2,
} as const;
type State = (typeof State)[keyof typeof State];

/** What a PING of no further meaning carries. */
const probePing = Buffer.alloc(8);

/**
 * One HTTP/2 connection, whichever side: takes frames in, keeps windows, settings and streams, and ends it.
 *
 * ```
 *   socket ─▶ FrameReader ─▶ IncomingFrames ─▶ onBlock, onRstStream… ─▶ stream ─▶ its handler
 *   socket ◀─ Outbox ◀─ FrameWriter ◀─ stream (or, without window, its queue and WaitingStreams)
 * ```
 */
export abstract class Http2Connection<In, Out> implements FrameHost<In, Out>, PatienceHost, KeepaliveHost {
  readonly conduct: Conduct;
  readonly writer: FrameWriter;
  /** What the peer takes of all streams together. */
  sendWindow = 65_535;
  /** Reads of the socket so far. */
  heard = 0;
  protected readonly limits: Http2Limits;
  protected readonly streams = new StreamTable<Http2Stream<In, Out>>();
  protected readonly closedStreams = new ClosedStreams();
  protected readonly peer = new PeerSettings();
  protected readonly outbox: Outbox;
  protected readonly timers: TimerWheel;
  protected readonly socket: Socket;
  readonly #onProblem: ((problem: Http2Problem) => void) | undefined;
  readonly #reader: FrameReader;
  readonly #incoming: IncomingFrames<In, Out>;
  readonly #waiting: WaitingStreams<In, Out>;
  readonly #patience: Patience;
  #keepalive: Keepalive | undefined = undefined;
  #state: State = State.Open;

  /** @param idleTimeoutMs 0: somebody else sees to idle connections */
  constructor(socket: Socket, options: Http2ConnectionOptions, idleTimeoutMs: number) {
    const { limits, timers } = options;
    this.socket = socket;
    this.limits = limits;
    this.timers = timers;
    this.#onProblem = options.onProblem;
    this.outbox = options.outboxes.open(socket, () => this.#drained());
    this.writer = new FrameWriter(this.outbox, limits.maxControlBytes);
    this.conduct = new Conduct(limits, () => timers.now());
    this.#incoming = new IncomingFrames(this, timers, limits);
    this.#reader = new FrameReader(this.#incoming);
    this.#waiting = new WaitingStreams(this.writer);
    this.#patience = new Patience(this, timers, limits, this.outbox, idleTimeoutMs);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed());
    socket.on('end', () => this.#ended());
    readShared(socket, (chunk) => this.#receive(chunk));
  }

  // --- what the two sides do differently -----------------------------------------------------------------

  /** Takes what comes before the first frame from `chunk`; returns where frames begin. */
  protected abstract readPreface(chunk: Buffer): number;
  /** @internal */
  abstract onBlock(id: number, block: HeaderBlock, end: boolean, problem: Http2Problem | undefined): void;
  /** @internal */
  abstract onGoaway(lastId: number): void;
  protected abstract onSettled(): void;
  /** @internal */
  abstract onPong(first: number): void;
  /** No stream with this identifier has been opened yet. */
  protected abstract isIdle(id: number): boolean;
  /** For GOAWAY: the last stream of the peer that we acted on. */
  protected abstract get lastPeerStream(): number;
  /** Our half of an unfinished stream is complete; the peer's half goes on. */
  protected abstract onHalfSent(stream: Http2Stream<In, Out>): void;
  /** The peer's half of an unfinished stream is complete; ours goes on. */
  protected abstract onHalfReceived(stream: Http2Stream<In, Out>): void;
  /** A stream less. */
  protected abstract onDetached(stream: Http2Stream<In, Out>): void;
  /** Every stream whose handler waits for something. */
  protected abstract allStreams(): Http2Stream<In, Out>[];
  /** A head may be written now. */
  abstract canOpen(stream: Http2Stream<In, Out>): boolean;
  /** Whether resets by the peer use up its allowance. */
  protected abstract readonly countsResets: boolean;
  /** The connection will serve nothing any more; once, before its end is complete. */
  protected abstract onGone(): void;

  get open(): boolean {
    return this.#state === State.Open;
  }

  /** The peer's SETTINGS have come. */
  get settled(): boolean {
    return this.#incoming.settled;
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Asks for a sign of life, which shows in `heard`. */
  ping(): void {
    if (this.open) this.writer.ping(false, probePing, 0);
  }

  /** Says who we are; the first frames of either side. */
  protected begin(
    settings: readonly (readonly [id: number, value: number])[],
    keepalive: KeepaliveTimes | undefined,
  ): void {
    this.writer.settings(settings);
    this.#incoming.begin();
    this.#patience.watch();
    if (keepalive !== undefined) this.#keepalive = new Keepalive(this, this.timers, keepalive);
  }

  // --- bytes from the peer -------------------------------------------------------------------------------

  #receive(chunk: Buffer): void {
    if (this.#state !== State.Open) return;
    this.heard++;
    try {
      const at = this.readPreface(chunk);
      if (at < chunk.length) this.#reader.read(chunk, at);
      if (this.writer.overloaded) throw new Http2Error('not-reading');
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.failConnection(error.code);
    }
  }

  /** @internal For DATA. */
  findOpen(id: number): Http2Stream<In, Out> | undefined {
    const stream = this.streams.get(id);
    if (stream !== undefined) return stream;
    if (this.isIdle(id)) throw new Http2Error('idle-stream');
    // What was under way when we reset the stream means nothing.
    if (this.closedStreams.ending(id) !== Ending.Reset) this.refuseFrame(id, 'stream-closed');
    return undefined;
  }

  /** @internal */
  onSelfDependency(id: number): void {
    const stream = this.streams.get(id);
    if (stream === undefined) throw new Http2Error('self-dependency');
    stream.fail('self-dependency');
  }

  /** @internal */
  onRstStream(id: number, code: number): void {
    if (this.isIdle(id)) throw new Http2Error('idle-stream');
    if (this.countsResets) this.conduct.reset();
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    const { handler } = stream;
    this.detach(stream, Ending.Closed, false);
    handler?.onReset(reasonOf(code), `RST_STREAM ${code}`);
  }

  /** @internal */
  onSettings(bytes: Buffer, from: number, to: number): void {
    const { peer } = this;
    const before = peer.initialWindowSize;
    peer.apply(bytes, from, to);
    this.writer.encoder.limitTable(peer.headerTableSize);
    const change = peer.initialWindowSize - before;
    if (change !== 0) {
      for (const stream of this.streams.all()) {
        stream.sendWindow += change;
        if (stream.sendWindow > largestWindow) throw new Http2Error('window-overflow');
      }
    }
    this.writer.settingsAck();
    this.onSettled();
    this.#waiting.pump();
  }

  /** @internal */
  onPing(bytes: Buffer, from: number): void {
    this.writer.ping(true, bytes, from);
  }

  /** @internal */
  onWindowUpdate(id: number, increment: number): void {
    if (id === 0) {
      if (increment === 0) throw new Http2Error('zero-increment');
      this.sendWindow += increment;
      if (this.sendWindow > largestWindow) throw new Http2Error('window-overflow');
      this.#waiting.pump();
      return;
    }
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (this.isIdle(id)) throw new Http2Error('idle-stream');
      return;
    }
    stream.sendWindow += increment;
    if (increment === 0) stream.fail('zero-increment');
    else if (stream.sendWindow > largestWindow) stream.fail('window-overflow');
    else if (stream.waiting) stream.pump();
  }

  /** Answers a frame that no stream may take with RST_STREAM. */
  protected refuseFrame(id: number, problem: Http2Problem): void {
    this.#onProblem?.(problem);
    this.writer.rstStream(id, http2Problems[problem].error);
    this.closedStreams.add(id, Ending.Reset);
    this.conduct.reset();
  }

  // --- streams -----------------------------------------------------------------------------------------

  /** @internal `length` octets have been taken by who they were for. */
  taken(stream: Http2Stream<In, Out>, length: number): void {
    this.#incoming.data.taken(stream, length);
  }

  /** @internal Its handler takes no more for now. */
  stopped(stream: Http2Stream<In, Out>): void {
    this.#incoming.data.stopped(stream);
  }

  /** @internal */
  wait(stream: Http2Stream<In, Out>): void {
    this.#waiting.add(stream);
  }

  /** @internal */
  stopWaiting(stream: Http2Stream<In, Out>): void {
    this.#waiting.remove(stream);
  }

  /** @internal END_STREAM has been written. */
  endSent(stream: Http2Stream<In, Out>): void {
    if (stream.remoteEnded) this.#completed(stream);
    else this.onHalfSent(stream);
  }

  /** @internal END_STREAM has been received. */
  endReceived(stream: Http2Stream<In, Out>): void {
    if (stream.endWritten) this.#completed(stream);
    else this.onHalfReceived(stream);
  }

  #completed(stream: Http2Stream<In, Out>): void {
    this.conduct.complete();
    this.detach(stream, Ending.Closed, true);
  }

  /** @internal We give a stream up. */
  resetStream(stream: Http2Stream<In, Out>, code: ErrorCode): void {
    if (stream.detached) {
      stream.drop(false);
      return;
    }
    if (stream.id > 0) this.writer.rstStream(stream.id, code);
    this.detach(stream, Ending.Reset, false);
  }

  /** @internal The peer broke the protocol on a stream. */
  failStream(stream: Http2Stream<In, Out>, problem: Http2Problem): void {
    this.#onProblem?.(problem);
    this.resetStream(stream, http2Problems[problem].error);
  }

  /** The rest of a message is for nobody; what has come still is. */
  protected abandonRequest(stream: Http2Stream<In, Out>): void {
    this.writer.rstStream(stream.id, ErrorCode.Cancel);
    this.detach(stream, Ending.Reset, true);
  }

  /** @param complete all of the peer's half has come */
  protected detach(stream: Http2Stream<In, Out>, ending: Ending, complete: boolean): void {
    this.streams.delete(stream.id);
    if (stream.id > 0) this.closedStreams.add(stream.id, ending);
    stream.drop(complete);
    this.onDetached(stream);
  }

  #drained(): void {
    this.writer.drained();
    this.#waiting.pump();
  }

  // --- time and the end -----------------------------------------------------------------------------------

  /** @internal */
  wasActive(): boolean {
    // Asked whatever the streams say: it tells of the time since it was last asked.
    return this.conduct.hasWorked() || this.streams.size > 0;
  }

  /** @internal */
  onIdle(): void {
    this.finish();
  }

  /** @internal */
  onSilence(): void {
    this.failConnection('no-pong');
  }

  /** @internal */
  onLingered(): void {
    cut(this.socket);
  }

  /** @internal */
  onStallCheck(): void {
    for (const stream of this.#waiting.all()) {
      // Who still sends has a timeout of its own; what is complete has only this one.
      if (!stream.localEnded || ++stream.stalled <= 2) continue;
      const { handler } = stream;
      this.#onProblem?.('send-stalled');
      this.resetStream(stream, http2Problems['send-stalled'].error);
      handler?.onReset('local-reset', http2Problems['send-stalled'].message);
    }
  }

  /** @internal */
  onLate(): void {
    this.failConnection(this.settled ? 'block-timeout' : 'preface-timeout');
  }

  /** A connection error (RFC 9113 section 5.4.1). */
  protected failConnection(problem: Http2Problem): void {
    if (this.#state !== State.Open) return;
    const { error, message } = http2Problems[problem];
    this.#onProblem?.(problem);
    this.writer.goaway(this.lastPeerStream, error, message);
    // A peer that is gone has broken nothing.
    this.#shut(error === ErrorCode.NoError ? 'connection-termination' : 'protocol-error', message);
  }

  /** Ends it properly: all that was to be said has been. */
  protected finish(): void {
    if (this.#state !== State.Open) return;
    this.writer.goaway(this.lastPeerStream, ErrorCode.NoError, '');
    this.#shut('connection-termination');
  }

  #shut(reason: ResetReason, detail?: string): void {
    this.#state = State.Closing;
    this.#reader.stop();
    this.#incoming.stop();
    this.#keepalive?.stop();
    this.outbox.end();
    this.outbox.flush();
    this.#patience.linger();
    this.#lose(reason, detail);
  }

  #lose(reason: ResetReason, detail?: string): void {
    const lost = this.allStreams();
    for (const stream of lost) {
      const { handler } = stream;
      this.detach(stream, Ending.Closed, false);
      handler?.onReset(reason, detail ?? this.whyLost(stream));
    }
    this.onGone();
  }

  /** More about a stream that the end of the connection took. */
  protected whyLost(_stream: Http2Stream<In, Out>): string | undefined {
    return undefined;
  }

  #ended(): void {
    // A peer that has ended its side can neither grant windows nor ask for anything.
    if (this.#state === State.Open) this.#shut('connection-termination');
    else this.socket.destroy();
  }

  #closed(): void {
    const before = this.#state;
    this.#state = State.Closed;
    this.#reader.stop();
    this.#patience.stop();
    this.#incoming.stop();
    this.#keepalive?.stop();
    this.#incoming.clear();
    if (before === State.Open) this.#lose('connection-termination');
    this.onClosed();
  }

  /** The socket is gone. */
  protected abstract onClosed(): void;
}

function reasonOf(code: number): ResetReason {
  if (code === ErrorCode.RefusedStream) return 'refused-stream';
  return code === ErrorCode.ProtocolError ? 'protocol-error' : 'remote-reset';
}

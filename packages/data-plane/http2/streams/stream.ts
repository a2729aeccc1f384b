import type { Headers } from '@tulle/decision/headers';
import type { ResetReason, Stream, StreamHandler } from '../../http/stream.ts';
import { EMPTY } from '../../http1/bytes.ts';
import type { Http2Connection } from '../connection.ts';
import type { ReceiveWindow } from '../flow-control/receive-window.ts';
import { highQueue, lowQueue, SendQueue } from '../flow-control/send-queue.ts';
import { SlabQueue } from '../flow-control/slab-queue.ts';
import { ErrorCode, type Http2Problem, http2Problems } from '../protocol-error.ts';

/** A window update that lets us send less is none that came with real work. */
const worthwhile = 256;

/**
 * One stream, either side: a `Stream` of what we send and the source of what its handler gets.
 *
 * ```
 *   sends:    Open ── end sent ──▶ Ended         receives:  Open ── END_STREAM ──▶ Ended
 *               both Ended, or a reset ─▶ detached: the connection knows it no longer
 * ```
 * What can't be sent at once (no window, or the peer does not read) waits in `#queue`; what comes while the
 * handler has paused, or before a tunnel is agreed on, waits in `#held`, inside the stream's window.
 */
export abstract class Http2Stream<In, Out> implements Stream<Out> {
  readonly connection: Http2Connection<In, Out>;
  /** 0 until a client has sent the head. */
  id = 0;
  sendWindow = 0;
  window: ReceiveWindow | undefined = undefined;
  handler: StreamHandler<In> | undefined = undefined;
  /** The connection knows it no longer. */
  detached = false;
  /** END_STREAM has been received. */
  remoteEnded = false;
  /** END_STREAM has been written. */
  endWritten = false;
  /** Rounds of the stall check without a byte sent. */
  stalled = 0;
  /** A head has been given to `sendHead`. */
  protected started = false;
  /** Our last piece has been given. */
  protected ended = false;
  /** Bytes go both ways, each until its own end. */
  protected tunnel = false;
  /** A tunnel was asked for and not answered: nothing is delivered. */
  protected awaiting = false;
  /** Of what we send: of the declared length, -1: none; and whether there may be no content at all. */
  protected unsent = -1;
  protected noContent = false;
  /** Of what we receive. */
  protected unreceived = -1;
  #queue: SendQueue<Out> | undefined = undefined;
  #blocked = false;
  #paused = false;
  #held: SlabQueue | undefined = undefined;
  #heldTrailers: Headers | undefined = undefined;
  /** The end has come and is not delivered. */
  #heldEnd = false;
  #scheduled = false;
  #discarding = false;

  constructor(connection: Http2Connection<In, Out>) {
    this.connection = connection;
  }

  abstract sendHead(head: Out, end: boolean): void;
  abstract sendInformational(head: Out): void;
  /** Writes a head that has waited, or did not have to. */
  protected abstract writeHead(head: Out, end: boolean, informational: boolean): void;
  /** The code of RST_STREAM when the user of this stream gives up. */
  protected abstract resetCode(reason: ResetReason): ErrorCode;

  /** DATA may come now. */
  abstract get expectsData(): boolean;

  /** Our direction is complete. */
  get localEnded(): boolean {
    return this.ended;
  }

  get isTunnel(): boolean {
    return this.tunnel;
  }

  /** Something waits to be sent. */
  get waiting(): boolean {
    return this.#queue !== undefined && !this.#queue.empty;
  }

  /** Its sender waits to be told to go on. */
  get heldBack(): boolean {
    return this.#blocked;
  }

  // --- sending ---------------------------------------------------------------------------------------------

  sendData(chunk: Buffer, end: boolean): boolean {
    if (this.detached || !this.started || this.ended || this.awaiting) return true;
    if (this.noContent) chunk = EMPTY;
    if (!this.#declares(chunk.length, end)) return true;
    if (end) this.ended = true;
    let sent = 0;
    if (!this.waiting) {
      sent = this.#write(chunk, 0, end);
      if (sent > 0) this.connection.conduct.work();
      if (sent === chunk.length && (!end || this.endWritten)) {
        if (end || this.connection.writer.ready) return true;
        return this.#holdBack();
      }
    }
    this.#queue ??= new SendQueue();
    this.#queue.pushData(chunk.subarray(sent), end);
    this.connection.wait(this);
    return this.#queue.bytes <= highQueue || this.#holdBack();
  }

  /** Whoever sends is told when there is room. */
  #holdBack(): false {
    this.#blocked = true;
    this.connection.wait(this);
    return false;
  }

  sendTrailers(trailers: Headers): void {
    if (this.detached || !this.started || this.ended || this.awaiting) return;
    if (!this.#declares(0, true)) return;
    this.ended = true;
    if (this.waiting || !this.connection.writer.ready) this.#enqueue({ kind: 'trailers', trailers });
    else this.#writeTrailers(trailers);
  }

  reset(reason: ResetReason): void {
    if (this.detached && !this.#undelivered) return;
    this.connection.resetStream(this, this.resetCode(reason));
  }

  /** @internal Sends what it can of what waits. */
  pump(): void {
    const queue = this.#queue;
    const { writer } = this.connection;
    while (queue !== undefined && !this.detached && writer.ready) {
      const item = queue.first;
      if (item === undefined) break;
      if (item.kind === 'data') {
        if (!this.#pumpData(queue, item.bytes, item.end)) break;
      } else {
        this.stalled = 0;
        queue.shift();
        if (item.kind === 'trailers') this.#writeTrailers(item.trailers);
        else this.writeHead(item.head, item.end, item.kind === 'informational');
      }
    }
    if (this.#blocked && writer.ready && (queue === undefined || queue.bytes <= lowQueue)) {
      this.#blocked = false;
      if (!this.ended) this.handler?.onDrain();
    }
  }

  /** True: the first item of the queue, data, is sent to its end. */
  #pumpData(queue: SendQueue<Out>, bytes: SlabQueue, end: boolean): boolean {
    do {
      const part = bytes.peek();
      const last = end && part.length === bytes.length;
      const sent = this.#write(part, 0, last);
      if (sent > 0) this.stalled = 0;
      // A client that grants windows octet by octet makes us work, not itself (CVE-2019-9511).
      if (sent >= worthwhile) this.connection.conduct.work();
      // The end may have been all: then the queue is gone already.
      if (this.detached) return false;
      bytes.drop(sent);
      queue.bytes -= sent;
      if (sent < part.length || (last && !this.endWritten)) return false;
    } while (bytes.length > 0);
    queue.shift();
    return true;
  }

  /** Writes the head now or when its turn comes. */
  protected putHead(head: Out, end: boolean, informational: boolean): void {
    if (this.waiting || !this.connection.canOpen(this)) {
      this.#enqueue({ kind: informational ? 'informational' : 'head', head, end });
    } else this.writeHead(head, end, informational);
  }

  /** END_STREAM is on the wire. */
  protected wroteEnd(): void {
    this.endWritten = true;
    this.connection.endSent(this);
  }

  #enqueue(item: Parameters<SendQueue<Out>['push']>[0]): void {
    this.#queue ??= new SendQueue();
    this.#queue.push(item);
    this.connection.wait(this);
  }

  /** Writes frames of `chunk` from `from` on as far as the windows go; returns the place behind. */
  #write(chunk: Buffer, from: number, end: boolean): number {
    const { connection } = this;
    const { writer } = connection;
    let at = from;
    while (writer.ready) {
      const left = chunk.length - at;
      const window = Math.min(this.sendWindow, connection.sendWindow);
      const length = left === 0 ? 0 : Math.min(left, writer.maxFrame, window);
      if (left > 0 ? length <= 0 : !end) break;
      const last = end && length === left;
      this.sendWindow -= length;
      connection.sendWindow -= length;
      writer.data(this.id, chunk, at, at + length, last);
      at += length;
      if (last) this.wroteEnd();
      if (at === chunk.length) break;
    }
    return at;
  }

  #writeTrailers(trailers: Headers): void {
    this.connection.writer.trailers(this.id, trailers);
    this.wroteEnd();
  }

  /** False: what we were to send contradicts its own Content-Length, so it can't be completed. */
  #declares(length: number, end: boolean): boolean {
    if (this.unsent < 0) return true;
    this.unsent -= length;
    if (this.unsent > 0 ? !end : this.unsent === 0) return true;
    const { handler } = this;
    this.connection.resetStream(this, ErrorCode.InternalError);
    handler?.onReset('local-reset', http2Problems['length-mismatch'].message);
    return false;
  }

  // --- receiving -------------------------------------------------------------------------------------------

  /** @internal Content of a DATA frame; `end`: and END_STREAM. */
  receiveData(chunk: Buffer, end: boolean): void {
    if (this.unreceived >= 0) {
      this.unreceived -= chunk.length;
      if (this.unreceived < 0 || (end && this.unreceived > 0)) {
        this.fail('length-mismatch');
        this.connection.taken(this, chunk.length);
        return;
      }
    }
    if (end) this.endReceived();
    if (this.#discarding) this.connection.taken(this, chunk.length);
    else if (this.#paused || this.awaiting || this.#undelivered) {
      if (chunk.length > 0) {
        this.#held ??= new SlabQueue();
        this.#held.append(chunk);
      }
      if (end) this.#heldEnd = true;
    } else {
      this.handler?.onData(chunk, end);
      this.connection.taken(this, chunk.length);
    }
  }

  /** @internal */
  receiveTrailers(trailers: Headers): void {
    if (this.unreceived > 0) {
      this.fail('length-mismatch');
      return;
    }
    this.endReceived();
    if (this.#discarding) return;
    if (this.#paused || this.awaiting || this.#undelivered) {
      this.#heldTrailers = trailers;
      this.#heldEnd = true;
    } else this.handler?.onTrailers(trailers);
  }

  /** END_STREAM has come, on whatever frame. */
  protected endReceived(): void {
    this.remoteEnded = true;
    this.connection.endReceived(this);
  }

  /** The peer broke the protocol on this stream (RFC 9113 section 5.4.2). */
  fail(problem: Http2Problem): void {
    const { handler } = this;
    this.connection.failStream(this, problem);
    handler?.onReset('protocol-error', http2Problems[problem].message);
    this.connection.conduct.reset();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.connection.stopped(this);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.deliverSoon();
  }

  /** Delivers what is held, outside of the caller's stack. */
  protected deliverSoon(): void {
    if (this.#scheduled || !this.#undelivered) return;
    this.#scheduled = true;
    setImmediate(deliverHeld, this);
  }

  get #undelivered(): boolean {
    return this.#heldEnd || (this.#held !== undefined && this.#held.length > 0);
  }

  /** @internal */
  deliver(): void {
    this.#scheduled = false;
    if (this.#paused || this.awaiting) return;
    const held = this.#held;
    while (held !== undefined && held.length > 0 && !this.#paused) {
      const part = held.peek();
      const { length } = part;
      const end = length === held.length && this.#heldEnd && this.#heldTrailers === undefined;
      if (end) this.#heldEnd = false;
      this.handler?.onData(part, end);
      // A reset meanwhile has let go of it all.
      if (held.length === 0) return;
      held.drop(length);
      this.connection.taken(this, length);
    }
    if (!this.#heldEnd || this.#paused) return;
    this.#heldEnd = false;
    if (this.#heldTrailers !== undefined) this.handler?.onTrailers(this.#heldTrailers);
    else this.handler?.onData(EMPTY, true);
  }

  /** What was sent to a tunnel that is refused is for nobody. */
  protected refuseTunnel(): void {
    this.awaiting = false;
    this.#discarding = true;
    this.#discard();
  }

  #discard(): void {
    this.#heldEnd = false;
    this.#heldTrailers = undefined;
    const held = this.#held?.length ?? 0;
    if (held === 0) return;
    this.#held?.clear();
    this.connection.taken(this, held);
  }

  /**
   * @internal Nothing more is sent.
   * @param complete all has been received: what is held is still delivered. Else nothing is.
   */
  drop(complete: boolean): void {
    this.detached = true;
    this.ended = true;
    this.#queue?.clear();
    this.connection.stopWaiting(this);
    if (complete) return;
    this.handler = undefined;
    this.#discard();
  }
}

function deliverHeld(stream: { deliver(): void }): void {
  stream.deliver();
}

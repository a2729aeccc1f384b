import type { Socket } from 'node:net';
import type { RequestHead, StreamHandler } from '../http/stream.ts';
import { cut } from '../net/cut.ts';
import type { Outbox } from '../net/outbox.ts';
import { readAlone, readShared } from '../net/shared-reads.ts';
import type { Timer } from '../timers/wheel.ts';
import { BodyReader, Step } from './body-reader.ts';
import { EMPTY, TOKEN } from './bytes.ts';
import { Framing } from './framing.ts';
import { findHeadEnd, HeadScan } from './head-end.ts';
import { HeldBytes } from './held-bytes.ts';
import type { Http1Limits } from './limits.ts';
import { Http1Error } from './protocol-error.ts';
import { refusal } from './refusal.ts';
import { type ParsedRequest, parseRequestHead } from './request-head.ts';
import { ServerExchange } from './server-exchange.ts';
import type { Http1ServerOptions } from './server-options.ts';

/**
 * What the next byte from the client belongs to.
 *
 * ```
 *   Head ─▶ Body ─▶ Answering ─▶ Head            a request, its body, its answer, the next
 *    │        └─▶ Discarding ─▶ Head             answered before its body had come
 *    └─▶ TunnelAsked ─▶ Tunnel | Head            CONNECT or an upgrade, accepted or refused
 *   … ─▶ Flushing ─▶ Head                        answered, and the client has much of that to take yet
 *   any ─▶ Lingering ─▶ Closed                   all is said, or the peer broke the protocol
 * ```
 */
const Reading = {
  Head: 0,
  Body: 1,
  /** The request is complete; what comes now is the next one and is held. */
  Answering: 2,
  /** What comes now belongs to the tunnel, if there will be one, and is held. */
  TunnelAsked: 3,
  Tunnel: 4,
  /** Read and forgotten, so that the connection can be kept. */
  Discarding: 5,
  /** Read and forgotten, so that the client can still read our last answer. */
  Lingering: 6,
  Closed: 7,
  /** What comes now is the next request, and is held until the client has taken the answers before. */
  Flushing: 8,
} as const;
type Reading = (typeof Reading)[keyof typeof Reading];

/** Of what comes before it can be used; beyond, the socket is not read from. */
const mostHeldEarly = 8 * 1024;

/**
 * One downstream connection. Requests are served one at a time, pipelined ones in order: the next is not
 * even parsed before the answer to the one before is complete, so answers can't be mixed up.
 */
export class Http1Server {
  readonly #socket: Socket;
  readonly #options: Http1ServerOptions;
  readonly #limits: Http1Limits;
  readonly #outbox: Outbox;
  readonly #timer: Timer;
  readonly #scan = new HeadScan();
  readonly #held = new HeldBytes();
  readonly #body: BodyReader;
  #reading: Reading = Reading.Head;
  #exchange: ServerExchange | undefined = undefined;
  #handler: StreamHandler<RequestHead> | undefined = undefined;
  /** Inside `#feed`: what calls back in must not start a second loop. */
  #feeding = false;
  #paused = false;
  #socketPaused = false;
  #peerEnded = false;
  #draining = false;
  #discarded = 0;
  /** A request's head has come. */
  #begun = false;
  /** The request said `Expect: 100-continue` and nothing of its body has come. */
  #expectsContinue = false;
  /** Bytes came together with the last head, behind it. */
  #moreThanHead = false;
  /** Not yet taken by the client when the linger timer last fired. */
  #unsent = 0;
  #continueScheduled = false;

  readonly #onData = (chunk: Buffer): void => this.#receive(chunk);
  readonly #onEnd = (): void => this.#ended();
  readonly #onClose = (): void => this.#closed();
  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  constructor(socket: Socket, options: Http1ServerOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#limits = options.limits;
    this.#outbox = options.outboxes.open(socket, () => this.#drained());
    this.#timer = options.timers.timer(() => this.#timedOut());
    this.#body = new BodyReader(options.limits);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    socket.on('end', this.#onEnd);
    readShared(socket, this.#onData);
    if (options.limits.headTimeoutMs > 0) this.#timer.start(options.limits.headTimeoutMs);
  }

  /** A request is being served. */
  get busy(): boolean {
    return this.#exchange !== undefined;
  }

  /** Lets the current request finish (its response says `Connection: close`), then closes. */
  drain(): void {
    this.#draining = true;
    if (this.#reading === Reading.Head && this.#held.length === 0 && !this.#feeding) this.#linger();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Inside `onConnect` only: answers 200 and gives the connection up, as `release`. */
  acceptTunnel(): Socket {
    this.#outbox.writeLatin1('HTTP/1.1 200 OK\r\n\r\n');
    this.#outbox.flush();
    return this.release();
  }

  /**
   * Inside `onConnect` and `onHttp2` only: gives the connection up and returns its socket, paused; the bytes that
   * were read and not used are put back.
   */
  release(): Socket {
    const socket = this.#socket;
    this.#reading = Reading.Closed;
    this.#timer.stop();
    socket.pause();
    readAlone(socket, this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onClose);
    socket.off('error', this.#onError);
    socket.on('error', () => socket.destroy());
    return socket;
  }

  // --- bytes from the client ---------------------------------------------------------------------------

  #receive(chunk: Buffer): void {
    if (this.#held.length > 0 || this.#feeding) {
      this.#held.append(chunk);
      if (!this.#feeding) this.#feedHeld();
    } else this.#feed(chunk);
  }

  #feedHeld(): void {
    // The loop puts back what it can't use, so its input must not be the holder's own memory.
    this.#feed(this.#held.take());
  }

  #feed(bytes: Buffer): void {
    this.#feeding = true;
    let at = 0;
    try {
      at = this.#consume(bytes);
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error;
      this.#refuse(error);
      at = bytes.length;
    } finally {
      this.#feeding = false;
    }
    if (this.#reading === Reading.Closed) {
      // Given up by `acceptTunnel`: the rest belongs to whoever has the socket now.
      if (at < bytes.length && !this.#socket.destroyed) this.#socket.unshift(Buffer.from(bytes.subarray(at)));
      return;
    }
    if (at < bytes.length) this.#held.append(bytes.subarray(at));
    this.#regulate();
    if (this.#peerEnded) this.#endReached();
  }

  /** Uses as much as can be used now; returns how much that was. */
  #consume(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#reading) {
        case Reading.Head: {
          const next = this.#readHead(bytes, at);
          if (next === at && this.#reading === Reading.Head) return at;
          at = next;
          break;
        }
        case Reading.Body:
          if (this.#paused) return at;
          at = this.#readBody(bytes, at);
          break;
        case Reading.Discarding:
          at = this.#discard(bytes, at);
          break;
        case Reading.Tunnel:
          if (this.#paused) return at;
          this.#handler?.onData(at === 0 ? bytes : bytes.subarray(at), false);
          return bytes.length;
        case Reading.Lingering:
          return bytes.length;
        case Reading.Answering:
        case Reading.TunnelAsked:
        case Reading.Flushing:
        case Reading.Closed:
          return at;
      }
    }
    return at;
  }

  #readHead(bytes: Buffer, at: number): number {
    let from = at;
    if (this.#scan.scanned === 0) {
      // RFC 9112 section 2.2: an empty line before a request is passed over.
      while (from + 1 < bytes.length && bytes[from] === 0x0d && bytes[from + 1] === 0x0a) from += 2;
      if (from === bytes.length) return from;
      if (bytes[from] === 0x0d && from + 1 === bytes.length) return from;
      if (TOKEN[bytes[from] as number] !== 1) throw new Http1Error('bad-method');
    }
    const first = this.#scan.scanned === 0;
    const end = findHeadEnd(bytes, from, this.#scan, this.#limits);
    if (end < 0) {
      if (first && this.#limits.headTimeoutMs > 0) this.#timer.start(this.#limits.headTimeoutMs);
      return from;
    }
    this.#scan.reset();
    this.#timer.stop();
    const { onHttp2 } = this.#options;
    if (!this.#begun && onHttp2 !== undefined && isPreface(bytes, from, end)) {
      onHttp2(this);
      return from;
    }
    this.#begun = true;
    this.#moreThanHead = end < bytes.length;
    this.#begin(parseRequestHead(bytes, from, end, this.#options.scheme, this.#limits));
    return end;
  }

  #begin(request: ParsedRequest): void {
    const head = request.head;
    const tunnel = head.upgrade !== undefined;
    if (head.upgrade === 'connect' && this.#options.onConnect?.(head, this)) return;
    const exchange = new ServerExchange(this, request);
    this.#exchange = exchange;
    this.#paused = false;
    this.#expectsContinue = request.framing !== Framing.None && head.headers.has('expect');
    if (tunnel) this.#reading = Reading.TunnelAsked;
    else if (request.framing === Framing.None) this.#reading = Reading.Answering;
    else {
      this.#reading = Reading.Body;
      this.#body.start(request.framing, request.contentLength);
    }
    const handler = this.#options.onRequest(head, exchange);
    // A handler may have answered, or reset, before it was returned.
    if (this.#exchange !== exchange) return;
    this.#handler = handler;
    handler.onHead(head, request.framing === Framing.None && !tunnel);
  }

  #readBody(bytes: Buffer, at: number): number {
    const body = this.#body;
    const step = body.step(bytes, at);
    at = body.at;
    if (step === Step.Data) {
      this.#expectsContinue = false;
      if (body.last) this.#reading = Reading.Answering;
      this.#handler?.onData(bytes.subarray(body.dataFrom, body.dataTo), body.last);
    } else if (step === Step.End) {
      this.#reading = Reading.Answering;
      if (body.trailers !== undefined) this.#handler?.onTrailers(body.trailers);
      else this.#handler?.onData(EMPTY, true);
    }
    return at;
  }

  #discard(bytes: Buffer, at: number): number {
    const step = this.#body.step(bytes, at);
    this.#discarded += this.#body.at - at;
    at = this.#body.at;
    if (step === Step.End || this.#body.last) this.#nextRequest();
    else if (this.#discarded > this.#limits.maxDiscardBytes) this.#linger();
    return at;
  }

  /** Reads on or stops reading, by whether there is use for more. */
  #regulate(): void {
    const reading = this.#reading;
    const early =
      reading === Reading.Answering || reading === Reading.TunnelAsked || reading === Reading.Flushing;
    const pause =
      // Some of the next request is held: a socket that is not read from can't say that it is gone.
      (early && this.#held.length > mostHeldEarly) ||
      (this.#paused && (reading === Reading.Body || reading === Reading.Tunnel));
    if (pause === this.#socketPaused) return;
    this.#socketPaused = pause;
    if (pause) this.#socket.pause();
    else this.#socket.resume();
  }

  // --- the answer, called by the exchange ----------------------------------------------------------------

  /** @internal */
  isCurrent(exchange: ServerExchange): boolean {
    return this.#exchange === exchange;
  }

  /** @internal */
  write(chunk: Buffer): boolean {
    return this.#outbox.write(chunk);
  }

  /** @internal */
  writeText(text: string): void {
    this.#outbox.writeLatin1(text);
  }

  /** @internal No request can follow this one. */
  get mustClose(): boolean {
    if (this.#draining) return true;
    if (this.#peerEnded && this.#held.length === 0 && !this.#feeding) return true;
    // The client may or may not send the body that it announced: what comes next would be a guess.
    return (this.#reading === Reading.Body && this.#expectsContinue) || this.#holdsTunnelBytes;
  }

  /** Bytes that were meant for a tunnel, which must never be read as a request when it is refused. */
  get #holdsTunnelBytes(): boolean {
    return this.#reading === Reading.TunnelAsked && (this.#moreThanHead || this.#held.length > 0);
  }

  /** @internal */
  openTunnel(): void {
    this.#reading = Reading.Tunnel;
    this.#continueSoon();
  }

  /** @internal Our side of the tunnel is complete. */
  endTunnel(): void {
    this.#outbox.end();
    if (this.#peerEnded) this.#finish();
  }

  /** @internal The response is complete. */
  answered(close: boolean): void {
    const reading = this.#reading;
    this.#finish();
    if (close || this.#draining || this.#holdsTunnelBytes) this.#linger();
    else if (reading === Reading.Body) {
      this.#reading = Reading.Discarding;
      this.#discarded = 0;
      if (this.#limits.headTimeoutMs > 0) this.#timer.start(this.#limits.headTimeoutMs);
      this.#continueSoon();
    } else this.#nextRequest();
  }

  /** @internal */
  pause(): void {
    this.#paused = true;
    if (!this.#feeding) this.#regulate();
  }

  /** @internal */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#continueSoon();
  }

  /** @internal Cuts the connection: the response can't be completed. */
  abort(): void {
    this.#finish();
    this.#reading = Reading.Lingering;
    this.#outbox.flush();
    cut(this.#socket);
  }

  get #halfClose(): 'serve' | 'reset' {
    return this.#options.halfClose ?? (this.#options.scheme === 'https' ? 'reset' : 'serve');
  }

  #finish(): void {
    this.#exchange = undefined;
    this.#handler = undefined;
    this.#paused = false;
  }

  #nextRequest(): void {
    if (this.#draining || (this.#peerEnded && this.#held.length === 0 && !this.#feeding)) {
      this.#linger();
      return;
    }
    if (!this.#outbox.ready()) {
      this.#reading = Reading.Flushing;
      this.#watchFlush();
      return;
    }
    this.#reading = Reading.Head;
    this.#scan.reset();
    if (this.#limits.idleTimeoutMs > 0) this.#timer.start(this.#limits.idleTimeoutMs);
    else this.#timer.stop();
    this.#continueSoon();
  }

  /** The client takes more. */
  #drained(): void {
    if (this.#reading === Reading.Flushing) this.#nextRequest();
    else this.#handler?.onDrain();
  }

  /** A client that takes nothing of its answers for so long is gone. */
  #watchFlush(): void {
    this.#unsent = this.#outbox.pending;
    if (this.#limits.flushTimeoutMs > 0) this.#timer.start(this.#limits.flushTimeoutMs);
    else this.#timer.stop();
  }

  /** Goes on with what is held, outside of the caller's stack. */
  #continueSoon(): void {
    if (this.#feeding) return;
    if (this.#held.length === 0) {
      this.#regulate();
      return;
    }
    if (this.#continueScheduled) return;
    this.#continueScheduled = true;
    setImmediate(continueReading, this);
  }

  /** @internal */
  continue(): void {
    this.#continueScheduled = false;
    if (this.#reading === Reading.Closed || this.#feeding) return;
    if (this.#held.length > 0) this.#feedHeld();
  }

  // --- ends ------------------------------------------------------------------------------------------------

  #timedOut(): void {
    switch (this.#reading) {
      case Reading.Head:
        if (this.#held.length > 0 || this.#scan.scanned > 0) this.#refuse(new Http1Error('head-timeout'));
        else this.#linger();
        return;
      case Reading.Answering:
        // Half-closed, and nobody knows whether anyone still waits for the answer.
        if (this.#exchange?.started !== true) this.#lost();
        return;
      case Reading.Lingering:
        if (this.#takes) this.#lingerOn();
        else this.#socket.destroy();
        return;
      case Reading.Flushing:
        if (this.#takes) this.#watchFlush();
        else this.#socket.destroy();
        return;
      default:
        this.#socket.destroy();
    }
  }

  /** The client has taken some of what we sent since the timer was started. */
  get #takes(): boolean {
    return this.#outbox.pending > 0 && this.#outbox.pending < this.#unsent;
  }

  #refuse(error: Http1Error): void {
    this.#options.onProblem?.(error.code);
    const handler = this.#handler;
    const answerable = this.#exchange === undefined || !this.#exchange.started;
    const discarding = this.#reading === Reading.Discarding;
    this.#finish();
    this.#reading = Reading.Lingering;
    handler?.onReset('protocol-error', error.message);
    if (answerable && !discarding) {
      this.#outbox.writeLatin1(refusal(error));
      this.#linger();
    } else {
      this.#outbox.flush();
      this.#socket.destroy();
    }
  }

  /** Says no more, and waits a moment for the client to close: closing first could destroy what it still reads. */
  #linger(): void {
    this.#reading = Reading.Lingering;
    this.#held.clear();
    this.#outbox.end();
    this.#lingerOn();
    this.#regulate();
  }

  /** A client that still takes what we sent gets ten times as long for each part as one that has it all. */
  #lingerOn(): void {
    this.#unsent = this.#outbox.pending;
    this.#timer.start(Math.max(1, this.#limits.lingerMs) * (this.#unsent > 0 ? 10 : 1));
  }

  #ended(): void {
    this.#peerEnded = true;
    if (!this.#feeding) this.#endReached();
  }

  /** The client has half-closed and all that can be used of its bytes is used. */
  #endReached(): void {
    switch (this.#reading) {
      case Reading.Head:
      case Reading.Discarding:
      case Reading.Flushing:
        this.#linger();
        return;
      case Reading.Body:
        if (!this.#paused || this.#held.length === 0) this.#lost();
        return;
      case Reading.TunnelAsked:
        this.#lost();
        return;
      case Reading.Tunnel: {
        if (this.#held.length > 0) return;
        const handler = this.#handler;
        const finished = this.#exchange?.ended === true;
        if (finished) this.#finish();
        handler?.onData(EMPTY, true);
        return;
      }
      case Reading.Answering:
        if (this.#halfClose === 'reset') this.#lost();
        else if (this.#held.length > 0) return;
        else if (this.#exchange?.started === false) this.#timer.start(this.#limits.halfCloseMs);
        return;
    }
  }

  #lost(): void {
    const handler = this.#handler;
    this.#finish();
    this.#reading = Reading.Lingering;
    this.#socket.destroy();
    handler?.onReset('connection-termination');
  }

  #closed(): void {
    const handler = this.#handler;
    this.#finish();
    this.#reading = Reading.Closed;
    this.#timer.stop();
    this.#held.clear();
    handler?.onReset('connection-termination');
    this.#options.onClose?.();
  }
}

/** All of HTTP/2's preface that looks like a head. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\n', 'latin1');

function isPreface(bytes: Buffer, from: number, end: number): boolean {
  return end - from === preface.length && preface.compare(bytes, from, end) === 0;
}

function continueReading(server: Http1Server): void {
  server.continue();
}

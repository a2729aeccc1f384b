import type { Socket } from 'node:net';
import type { RequestHead, StreamHandler } from '../../http/stream.ts';
import { cut } from '../../net/cut.ts';
import type { Outbox } from '../../net/outbox.ts';
import { CR, EMPTY, TOKEN } from '../bytes.ts';
import { Intake, type IntakeReader } from '../intake.ts';
import type { Http1Limits } from '../limits.ts';
import { BodyReader, Step } from '../parse/body-reader.ts';
import { Framing } from '../parse/framing.ts';
import { findHeadEnd, HeadScan, passEmptyLines } from '../parse/head-end.ts';
import { type ParsedRequest, parseRequestHead } from '../parse/request-head.ts';
import { Http1Error } from '../protocol-error.ts';
import { ServerExchange } from './exchange.ts';
import { isHttp2Preface } from './http2-preface.ts';
import type { Http1ServerOptions } from './options.ts';
import { Patience } from './patience.ts';
import { refusal } from './refusal.ts';

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
export class Http1Server implements IntakeReader {
  readonly #socket: Socket;
  readonly #options: Http1ServerOptions;
  readonly #limits: Http1Limits;
  readonly #outbox: Outbox;
  readonly #patience: Patience;
  readonly #intake: Intake;
  readonly #scan = new HeadScan();
  readonly #body: BodyReader;
  #reading: Reading = Reading.Head;
  #exchange: ServerExchange | undefined = undefined;
  #handler: StreamHandler<RequestHead> | undefined = undefined;
  #paused = false;
  #draining = false;
  #discarded = 0;
  /** A request's head has come. */
  #begun = false;
  /** The request said `Expect: 100-continue` and nothing of its body has come. */
  #expectsContinue = false;
  /** Bytes came together with the last head, behind it. */
  #moreThanHead = false;

  readonly #onClose = (): void => this.#closed();
  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  constructor(socket: Socket, options: Http1ServerOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#limits = options.limits;
    this.#outbox = options.outboxes.open(socket, () => this.#drained());
    this.#patience = new Patience(options.timers, options.limits, this.#outbox, () => this.#timedOut());
    this.#body = new BodyReader(options.limits);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    this.#intake = new Intake(socket, this);
    this.#patience.forHead();
  }

  /** A request is being served. */
  get busy(): boolean {
    return this.#exchange !== undefined;
  }

  /** Lets the current request finish (its response says `Connection: close`), then closes. */
  drain(): void {
    this.#draining = true;
    if (this.#reading === Reading.Head && this.#intake.empty) this.#linger();
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
    this.#patience.stop();
    this.#intake.release();
    socket.off('close', this.#onClose);
    socket.off('error', this.#onError);
    socket.on('error', () => socket.destroy());
    return socket;
  }

  // --- bytes from the client ---------------------------------------------------------------------------

  /** @internal */
  consume(bytes: Buffer): number {
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
      from = passEmptyLines(bytes, at);
      if (from === bytes.length || (bytes[from] === CR && from + 1 === bytes.length)) return from;
      if (TOKEN[bytes[from] as number] !== 1) throw new Http1Error('bad-method');
    }
    const first = this.#scan.scanned === 0;
    const end = findHeadEnd(bytes, from, this.#scan, this.#limits);
    if (end < 0) {
      if (first) this.#patience.forHead();
      return from;
    }
    this.#scan.reset();
    this.#patience.stop();
    const { onHttp2 } = this.#options;
    if (!this.#begun && onHttp2 !== undefined && isHttp2Preface(bytes, from, end)) {
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

  /** @internal */
  get full(): boolean {
    const reading = this.#reading;
    if (reading === Reading.Body || reading === Reading.Tunnel) return this.#paused;
    const early =
      reading === Reading.Answering || reading === Reading.TunnelAsked || reading === Reading.Flushing;
    // Some of the next request is held: a socket that is not read from can't say that it is gone.
    return early && this.#intake.held > mostHeldEarly;
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
    if (this.#draining || this.#intake.dry) return true;
    // The client may or may not send the body that it announced: what comes next would be a guess.
    return (this.#reading === Reading.Body && this.#expectsContinue) || this.#holdsTunnelBytes;
  }

  /** Bytes that were meant for a tunnel, which must never be read as a request when it is refused. */
  get #holdsTunnelBytes(): boolean {
    return this.#reading === Reading.TunnelAsked && (this.#moreThanHead || this.#intake.held > 0);
  }

  /** @internal */
  openTunnel(): void {
    this.#reading = Reading.Tunnel;
    this.#intake.goOn();
  }

  /** @internal Our side of the tunnel is complete. */
  endTunnel(): void {
    this.#outbox.end();
    if (this.#intake.ended) this.#finish();
  }

  /** @internal The response is complete. */
  answered(close: boolean): void {
    const reading = this.#reading;
    this.#finish();
    if (close || this.#draining || this.#holdsTunnelBytes) this.#linger();
    else if (reading === Reading.Body) {
      this.#reading = Reading.Discarding;
      this.#discarded = 0;
      this.#patience.forHead();
      this.#intake.goOn();
    } else this.#nextRequest();
  }

  /** @internal */
  pause(): void {
    this.#paused = true;
    this.#intake.regulate();
  }

  /** @internal */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#intake.goOn();
  }

  /** @internal Cuts the connection: the response can't be completed. */
  abort(): void {
    this.#finish();
    this.#reading = Reading.Lingering;
    this.#outbox.flush();
    cut(this.#socket);
  }

  #finish(): void {
    this.#exchange = undefined;
    this.#handler = undefined;
    this.#paused = false;
  }

  #nextRequest(): void {
    if (this.#draining || this.#intake.dry) {
      this.#linger();
      return;
    }
    if (!this.#outbox.ready()) {
      this.#reading = Reading.Flushing;
      this.#patience.forFlush();
      return;
    }
    this.#reading = Reading.Head;
    this.#scan.reset();
    this.#patience.forRequest();
    this.#intake.goOn();
  }

  /** The client takes more. */
  #drained(): void {
    if (this.#reading === Reading.Flushing) this.#nextRequest();
    else this.#handler?.onDrain();
  }

  // --- ends ------------------------------------------------------------------------------------------------

  #timedOut(): void {
    switch (this.#reading) {
      case Reading.Head:
        if (this.#intake.held > 0 || this.#scan.scanned > 0) this.broken(new Http1Error('head-timeout'));
        else this.#linger();
        return;
      case Reading.Answering:
        // Half-closed, and nobody knows whether anyone still waits for the answer.
        if (this.#exchange?.started !== true) this.#lost();
        return;
      default:
        this.#socket.destroy();
    }
  }

  /** @internal */
  broken(error: Http1Error): void {
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
    this.#intake.clear();
    this.#outbox.end();
    this.#patience.forClose();
    this.#intake.regulate();
  }

  /** @internal */
  settled(): void {
    if (this.#intake.ended) this.#endReached();
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
        if (!this.#paused || this.#intake.held === 0) this.#lost();
        return;
      case Reading.TunnelAsked:
        this.#lost();
        return;
      case Reading.Tunnel: {
        if (this.#intake.held > 0) return;
        const handler = this.#handler;
        const finished = this.#exchange?.ended === true;
        if (finished) this.#finish();
        handler?.onData(EMPTY, true);
        return;
      }
      case Reading.Answering:
        if (this.#options.halfClose === 'reset') this.#lost();
        else if (this.#intake.held > 0) return;
        else if (this.#exchange?.started === false) this.#patience.forAnswer();
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
    this.#patience.stop();
    this.#intake.clear();
    handler?.onReset('connection-termination');
    this.#options.onClose?.();
  }
}

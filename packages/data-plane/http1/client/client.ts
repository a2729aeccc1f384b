import type { Socket } from 'node:net';
import type { RequestHead, ResetReason, ResponseHead, Stream, StreamHandler } from '../../http/stream.ts';
import { cut } from '../../net/cut.ts';
import type { Outbox, Outboxes } from '../../net/outbox.ts';
import { EMPTY } from '../bytes.ts';
import { Intake, type IntakeReader } from '../intake.ts';
import type { Http1Limits } from '../limits.ts';
import { BodyReader, Step } from '../parse/body-reader.ts';
import { Framing } from '../parse/framing.ts';
import { findHeadEnd, HeadScan } from '../parse/head-end.ts';
import { parseResponseHead } from '../parse/response-head.ts';
import { Http1Error, type Http1Problem } from '../protocol-error.ts';
import { ClientExchange } from './exchange.ts';

export interface Http1ClientOptions {
  readonly limits: Http1Limits;
  readonly outboxes: Outboxes;
  /** An exchange is over and the connection can take another. */
  readonly onIdle?: (client: Http1Client) => void;
  /** Once, when the connection is gone or will never take another request. */
  readonly onClose?: (client: Http1Client) => void;
  /** The peer broke the protocol: for statistics. */
  readonly onProblem?: (problem: Http1Problem) => void;
}

/**
 * Detail of `onReset('connection-termination')` when a connection that had served before ended without a
 * byte of the response: the server most likely closed it while idle, and never saw the request.
 */
export const closedWhileIdle = 'closed before any byte of the response, on a connection used before';

/**
 * What the next byte from the server belongs to.
 *
 * ```
 *   Idle ─request─▶ Head ─▶ Body ─▶ Idle         a response; Head again after each 1xx
 *                    └─▶ Tunnel                  the server accepted a CONNECT or an upgrade
 *   any ─▶ Closed                                an end, an error, or a byte that nobody asked for
 * ```
 */
const Reading = { Idle: 0, Head: 1, Body: 2, Tunnel: 3, Closed: 4 } as const;
type Reading = (typeof Reading)[keyof typeof Reading];

/**
 * One upstream connection: one exchange at a time, never pipelined. The socket is connected (TLS included)
 * or connecting, with `allowHalfOpen`. It is offered again (`reusable`) only when both directions of the last exchange
 * ended cleanly, both sides want to go on, and not a byte nor an end has come since.
 */
export class Http1Client implements IntakeReader {
  readonly #socket: Socket;
  readonly #options: Http1ClientOptions;
  readonly #limits: Http1Limits;
  readonly #outbox: Outbox;
  readonly #intake: Intake;
  readonly #scan = new HeadScan();
  readonly #body: BodyReader;
  #reading: Reading = Reading.Idle;
  #exchange: ClientExchange | undefined = undefined;
  #handler: StreamHandler<ResponseHead> | undefined = undefined;
  #requests = 0;
  #informational = 0;
  #keepAlive = true;
  #sawBytes = false;
  /** Of the outbox, when the request began. */
  #writtenBefore = 0;
  #paused = false;
  #closeReported = false;

  constructor(socket: Socket, options: Http1ClientOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#limits = options.limits;
    this.#outbox = options.outboxes.open(socket, () => this.#handler?.onDrain());
    this.#body = new BodyReader(options.limits);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed());
    this.#intake = new Intake(socket, this);
  }

  /** A request is under way. */
  get busy(): boolean {
    return this.#exchange !== undefined;
  }

  /** Can take a request now. */
  get reusable(): boolean {
    return (
      this.#reading === Reading.Idle &&
      this.#keepAlive &&
      !this.#intake.consuming &&
      !this.#intake.ended &&
      !this.#socket.destroyed &&
      this.#socket.writable
    );
  }

  /** How many requests it can take now. */
  get available(): number {
    return this.reusable ? 1 : 0;
  }

  /** Requests under way. */
  get active(): number {
    return this.#exchange === undefined ? 0 : 1;
  }

  /** Requests begun on this connection. */
  get requests(): number {
    return this.#requests;
  }

  /**
   * Begins an exchange; only when `reusable`.
   *
   * @throws Error when the connection can't take a request: the pool's mistake
   */
  request(handler: StreamHandler<ResponseHead>): Stream<RequestHead> {
    if (!this.reusable) throw new Error('the connection can take no request');
    const exchange = new ClientExchange(this);
    this.#exchange = exchange;
    this.#handler = handler;
    this.#requests++;
    this.#informational = 0;
    this.#sawBytes = false;
    this.#writtenBefore = this.#outbox.written;
    this.#paused = false;
    this.#reading = Reading.Head;
    this.#scan.reset();
    return exchange;
  }

  /** Takes no more requests: closes at once when idle, else after the present exchange. */
  close(): void {
    this.#keepAlive = false;
    if (this.#reading === Reading.Idle) this.#retire();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  // --- bytes from the server -------------------------------------------------------------------------------

  /** @internal */
  consume(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#reading) {
        case Reading.Idle:
          // An answer to nothing: whoever sent it could answer the next request before it is asked.
          this.#keepAlive = false;
          this.#retire();
          return bytes.length;
        case Reading.Head: {
          // An answer to a request that has not left yet was not given to it.
          if (!this.#sawBytes && this.#outbox.written === this.#writtenBefore)
            throw new Http1Error('unasked-answer');
          this.#sawBytes = true;
          const end = findHeadEnd(bytes, at, this.#scan, this.#limits);
          if (end < 0) return at;
          this.#scan.reset();
          this.#readHead(bytes, at, end);
          at = end;
          break;
        }
        case Reading.Body:
          if (this.#paused) return at;
          at = this.#readBody(bytes, at);
          break;
        case Reading.Tunnel:
          if (this.#paused) return at;
          this.#handler?.onData(at === 0 ? bytes : bytes.subarray(at), false);
          return bytes.length;
        case Reading.Closed:
          return bytes.length;
      }
    }
    return at;
  }

  #readHead(bytes: Buffer, from: number, end: number): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    const response = parseResponseHead(bytes, from, end, exchange.method, this.#limits);
    const { head } = response;
    if (head.status < 200 && head.status !== 101) {
      if (++this.#informational > this.#limits.maxInformational)
        throw new Http1Error('too-many-informational');
      this.#handler?.onInformational?.(head);
      return;
    }
    if (head.status === 101 || (exchange.upgrade === 'connect' && head.status < 300)) {
      if (exchange.upgrade === undefined || (head.status === 101) === (exchange.upgrade === 'connect')) {
        throw new Http1Error('unexpected-switch');
      }
      if (!exchange.understands(head.headers)) throw new Http1Error('bad-websocket-accept');
      this.#keepAlive = false;
      this.#reading = Reading.Tunnel;
      exchange.openTunnel();
      this.#handler?.onHead(head, false);
      return;
    }
    if (!response.keepAlive || response.framing === Framing.UntilClose) this.#keepAlive = false;
    if (response.framing === Framing.None) {
      this.#complete()?.onHead(head, true);
      return;
    }
    this.#reading = Reading.Body;
    this.#body.start(response.framing, response.contentLength);
    this.#handler?.onHead(head, false);
  }

  #readBody(bytes: Buffer, at: number): number {
    const body = this.#body;
    const step = body.step(bytes, at);
    at = body.at;
    if (step === Step.Data) {
      const content = bytes.subarray(body.dataFrom, body.dataTo);
      if (body.last) this.#complete()?.onData(content, true);
      else this.#handler?.onData(content, false);
    } else if (step === Step.End) {
      if (body.trailers !== undefined) this.#complete()?.onTrailers(body.trailers);
      else this.#complete()?.onData(EMPTY, true);
    }
    return at;
  }

  /**
   * The response is complete: frees the connection, or retires it, and returns the handler, which is told
   * last and so finds the connection as it will be.
   */
  #complete(): StreamHandler<ResponseHead> | undefined {
    const handler = this.#handler;
    // A server that answers before it has read the request will not read the rest as such.
    if (this.#exchange?.ended !== true) this.#keepAlive = false;
    this.#exchange = undefined;
    this.#handler = undefined;
    this.#paused = false;
    if (this.#keepAlive && !this.#intake.ended) this.#reading = Reading.Idle;
    else this.#retire();
    return handler;
  }

  /** @internal */
  get full(): boolean {
    return this.#paused && (this.#reading === Reading.Body || this.#reading === Reading.Tunnel);
  }

  // --- the request, called by the exchange ---------------------------------------------------------------

  /** @internal */
  isCurrent(exchange: ClientExchange): boolean {
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

  /** @internal Our side of the tunnel is complete. */
  endTunnel(): void {
    this.#outbox.end();
    if (this.#intake.ended) this.#release();
  }

  /** @internal */
  abort(): void {
    this.#release();
    cut(this.#socket);
    this.#reportClose();
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

  // --- ends ------------------------------------------------------------------------------------------------

  /** @internal */
  broken(error: Http1Error): void {
    this.#options.onProblem?.(error.code);
    this.#fail('protocol-error', error.message);
  }

  /** @internal */
  settled(): void {
    if (this.#intake.ended) this.#endReached();
    // Only now is it certain that nothing followed the response: a byte too many would have retired it.
    if (this.#reading === Reading.Idle && this.reusable) this.#options.onIdle?.(this);
  }

  #endReached(): void {
    switch (this.#reading) {
      case Reading.Idle:
        this.#retire();
        return;
      case Reading.Head:
        this.#fail('connection-termination', this.#whyTerminated());
        return;
      case Reading.Body:
        if (this.#intake.held > 0) return;
        if (this.#body.untilClose) this.#complete()?.onData(EMPTY, true);
        else this.#fail('connection-termination', 'the response ended before its body was complete');
        return;
      case Reading.Tunnel: {
        if (this.#intake.held > 0) return;
        const handler = this.#handler;
        if (this.#exchange?.ended === true) this.#release();
        handler?.onData(EMPTY, true);
        return;
      }
    }
  }

  #whyTerminated(): string | undefined {
    return this.#requests > 1 && !this.#sawBytes ? closedWhileIdle : undefined;
  }

  #closed(): void {
    const handler = this.#handler;
    const why = this.#reading === Reading.Head ? this.#whyTerminated() : undefined;
    this.#release();
    this.#intake.clear();
    handler?.onReset('connection-termination', why);
    this.#reportClose();
  }

  #fail(reason: ResetReason, detail?: string): void {
    const handler = this.#handler;
    this.#release();
    this.#socket.destroy();
    handler?.onReset(reason, detail);
    this.#reportClose();
  }

  #release(): void {
    this.#exchange = undefined;
    this.#handler = undefined;
    this.#paused = false;
    this.#reading = Reading.Closed;
  }

  /** No request will come any more and no response is awaited. */
  #retire(): void {
    this.#reading = Reading.Closed;
    this.#socket.destroy();
    this.#reportClose();
  }

  #reportClose(): void {
    if (this.#closeReported) return;
    this.#closeReported = true;
    this.#options.onClose?.(this);
  }
}

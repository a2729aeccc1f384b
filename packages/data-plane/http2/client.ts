import type { Socket } from 'node:net';
import type { RequestHead, ResponseHead, Stream, StreamHandler } from '../http/stream.ts';
import { closedWhileIdle } from '../http1/client/client.ts';
import { Http2Connection, type Http2ConnectionOptions } from './connection.ts';
import { clientPreface } from './frames/frame.ts';
import { Setting } from './frames/settings.ts';
import type { HeaderBlock } from './headers/header-block.ts';
import { Http2Error, type Http2Problem } from './protocol-error.ts';
import { ClientStream } from './streams/client-stream.ts';
import { Ending } from './streams/closed-streams.ts';
import type { Http2Stream } from './streams/stream.ts';
import { UnsentRequests } from './streams/unsent-requests.ts';

export interface Http2ClientOptions extends Http2ConnectionOptions {
  /** It can take a request (more): the server's SETTINGS have come, or a stream has ended. */
  readonly onAvailable?: (client: Http2Client) => void;
  /** Once, when it will never take another request; streams that were accepted go on. */
  readonly onDraining?: (client: Http2Client) => void;
  /** Once, when the connection is gone. */
  readonly onClose?: (client: Http2Client) => void;
}

/** Identifiers end at 2^31-1; some way before that the connection is replaced. */
const lastUsableId = 0x7fff0000;

/**
 * One upstream connection, shared by as many requests as the server allows. None is sent before the server's
 * SETTINGS have come, as until then it may refuse them. Who uses it sees to its idle time.
 */
export class Http2Client extends Http2Connection<ResponseHead, RequestHead> {
  protected readonly countsResets = false;
  readonly #options: Http2ClientOptions;
  /** Requests whose head is not written yet. */
  readonly #unsent = new UnsentRequests<ClientStream>();
  #nextId = 1;
  #requests = 0;
  #draining = false;
  #closeReported = false;

  constructor(socket: Socket, options: Http2ClientOptions) {
    super(socket, options, 0);
    this.#options = options;
    this.writer.raw(clientPreface);
    const { limits, keepalive } = options;
    this.begin(
      [
        [Setting.EnablePush, 0],
        [Setting.InitialWindowSize, limits.streamWindow],
        [Setting.MaxHeaderListSize, limits.maxHeaderListBytes],
      ],
      keepalive,
    );
  }

  /** Requests are under way. */
  get busy(): boolean {
    return this.active > 0;
  }

  get active(): number {
    return this.streams.size + this.#unsent.size;
  }

  /** How many requests it can take now. */
  get available(): number {
    if (this.#draining || !this.settled || !this.open || !this.socket.writable) return 0;
    const most = Math.min(this.peer.maxConcurrentStreams, this.limits.maxConcurrentStreams);
    return Math.max(0, most - this.active);
  }

  /** Can take a request now. */
  get reusable(): boolean {
    return this.available > 0;
  }

  /** Requests begun on this connection. */
  get requests(): number {
    return this.#requests;
  }

  /** @internal */
  get maxInformational(): number {
    return this.limits.maxInformational;
  }

  /**
   * Begins a request; only while `available`.
   *
   * @throws Error when the connection can't take a request: the pool's mistake
   */
  request(handler: StreamHandler<ResponseHead>): Stream<RequestHead> {
    if (this.available === 0) throw new Error('the connection can take no request');
    const stream = new ClientStream(this);
    stream.handler = handler;
    this.#unsent.add(stream);
    this.#requests++;
    return stream;
  }

  /** Takes no more requests; closes when the present ones are over. */
  close(): void {
    this.#retire();
    if (this.active === 0) this.finish();
  }

  canOpen(): boolean {
    return this.settled && this.writer.ready;
  }

  /** @internal Extended CONNECT needs the server's word (RFC 8441 section 3). */
  supports(head: RequestHead): boolean {
    return head.upgrade === undefined || head.upgrade === 'connect' || this.peer.enableConnectProtocol;
  }

  /** @internal Its head is about to be written: identifiers go up in the order of heads. */
  register(stream: ClientStream): void {
    this.#unsent.remove(stream);
    stream.id = this.#nextId;
    stream.alone = this.streams.size === 0 && this.#nextId > 1;
    stream.heardBefore = this.heard;
    stream.sendWindow = this.peer.initialWindowSize;
    this.#nextId += 2;
    this.streams.add(stream);
    if (this.#nextId > lastUsableId) this.#retire();
  }

  protected readPreface(): number {
    return 0;
  }

  /** @internal */
  onBlock(id: number, block: HeaderBlock, end: boolean, problem: Http2Problem | undefined): void {
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (this.isIdle(id)) throw new Http2Error('idle-stream');
      // A second answer: whoever sends it may give it to the next request just as well.
      if (this.closedStreams.ending(id) === Ending.Closed) throw new Http2Error('stream-closed');
      // An answer that was under way when we gave the request up.
      this.conduct.idleFrame();
      return;
    }
    this.conduct.work();
    if (problem !== undefined) stream.fail(problem);
    else (stream as ClientStream).receiveBlock(block, end);
  }

  protected isIdle(id: number): boolean {
    return (id & 1) === 0 || id >= this.#nextId;
  }

  /** Servers open no streams. */
  protected get lastPeerStream(): number {
    return 0;
  }

  protected onHalfSent(): void {}

  /** The answer is complete: nobody will read the rest of the request (RFC 9113 section 8.1). */
  protected onHalfReceived(stream: Http2Stream<ResponseHead, RequestHead>): void {
    if (!stream.isTunnel) this.abandonRequest(stream);
  }

  protected onSettled(): void {
    if (this.reusable) this.#options.onAvailable?.(this);
  }

  /** @internal */
  onPong(): void {}

  /** @internal */
  onGoaway(lastId: number): void {
    this.#retire();
    for (const stream of this.allStreams()) {
      if (stream.id !== 0 && stream.id <= lastId) continue;
      const { handler } = stream;
      this.detach(stream, Ending.Closed, false);
      handler?.onReset('refused-stream', 'GOAWAY');
    }
    if (this.active === 0) this.finish();
  }

  protected onDetached(stream: Http2Stream<ResponseHead, RequestHead>): void {
    this.#unsent.remove(stream as ClientStream);
    if (!this.open) return;
    if (this.#draining) {
      if (this.active === 0) this.finish();
    } else if (this.reusable) this.#options.onAvailable?.(this);
  }

  protected allStreams(): Http2Stream<ResponseHead, RequestHead>[] {
    return [...this.streams.all(), ...this.#unsent.all()];
  }

  protected override whyLost(stream: Http2Stream<ResponseHead, RequestHead>): string | undefined {
    return stream.id === 0 || (stream as ClientStream).unheard ? closedWhileIdle : undefined;
  }

  protected onGone(): void {
    this.#retire();
  }

  protected onClosed(): void {
    if (this.#closeReported) return;
    this.#closeReported = true;
    this.#options.onClose?.(this);
  }

  #retire(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#options.onDraining?.(this);
  }
}

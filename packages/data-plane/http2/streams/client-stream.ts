import type { RequestHead, ResetReason, ResponseHead } from '../../http/stream.ts';
import { EMPTY } from '../../http1/bytes.ts';
import type { Http2Client } from '../client.ts';
import type { HeaderBlock } from '../headers/header-block.ts';
import { responseHead, responseProblem, trailerProblem, trailersOf } from '../headers/response-head.ts';
import { ErrorCode } from '../protocol-error.ts';
import { Http2Stream } from './stream.ts';

/** One request and its answer, as a client sees it. */
export class ClientStream extends Http2Stream<ResponseHead, RequestHead> {
  /** It began on an idle connection that had served before. */
  alone = false;
  /** `heard` of the connection when the head was written. */
  heardBefore = 0;
  /** Place among the unsent requests of its connection. */
  listedAt = -1;
  readonly #client: Http2Client;
  #method = '';
  #upgrade: string | undefined = undefined;
  #answered = false;
  #informational = 0;

  constructor(client: Http2Client) {
    super(client);
    this.#client = client;
  }

  /** The final head has come, so data may. */
  get expectsData(): boolean {
    return this.#answered;
  }

  /**
   * Nothing at all has come since it was sent, on a connection that had been idle: a server that closes one
   * crosses with a request that it never sees.
   */
  get unheard(): boolean {
    return this.alone && this.#client.heard === this.heardBefore;
  }

  sendHead(head: RequestHead, end: boolean): void {
    if (this.detached || this.started) return;
    this.started = true;
    this.#method = head.method;
    this.#upgrade = head.upgrade;
    if (head.upgrade !== undefined) this.awaiting = true;
    else if (end) this.ended = true;
    else {
      const declared = head.headers.get('content-length');
      if (declared !== undefined && /^\d{1,15}$/.test(declared)) this.unsent = Number(declared);
    }
    this.putHead(head, this.ended, false);
  }

  /** Requests have none. */
  sendInformational(_head: RequestHead): void {}

  protected writeHead(head: RequestHead, end: boolean): void {
    const client = this.#client;
    if (!client.supports(head)) {
      const { handler } = this;
      client.resetStream(this, ErrorCode.Cancel);
      handler?.onReset('local-reset', 'the server does not take extended CONNECT');
      return;
    }
    client.register(this);
    client.writer.request(this.id, head, end);
    client.conduct.work();
    if (end) this.wroteEnd();
  }

  /** @internal A header block on this stream. */
  receiveBlock(block: HeaderBlock, end: boolean): void {
    if (this.remoteEnded) this.fail('stream-closed');
    else if (block.full) this.fail('list-too-large');
    else if (this.#answered) {
      const problem = end ? trailerProblem(block) : 'no-end';
      if (problem !== undefined) this.fail(problem);
      else this.receiveTrailers(trailersOf(block));
    } else this.#receiveHead(block, end);
  }

  #receiveHead(block: HeaderBlock, end: boolean): void {
    const problem = responseProblem(block);
    if (problem !== undefined) {
      this.fail(problem);
      return;
    }
    const head = responseHead(block);
    const { status } = head;
    if (status < 200) {
      // HTTP/2 has no 101 (RFC 9113 section 8.6).
      if (status === 101) this.fail('unexpected-switch');
      else if (end) this.fail('missing-pseudo-field');
      else if (++this.#informational > this.#client.maxInformational) this.fail('too-many-informational');
      else this.handler?.onInformational?.(head);
      return;
    }
    this.#answered = true;
    if (this.#upgrade !== undefined) this.#receiveTunnelHead(head, block, end);
    else this.#receiveFinalHead(head, block, end);
  }

  #receiveFinalHead(head: ResponseHead, block: HeaderBlock, end: boolean): void {
    const noContent = this.#method === 'HEAD' || head.status === 204 || head.status === 304;
    this.unreceived = noContent ? 0 : block.contentLength;
    if (end && this.unreceived > 0) {
      this.fail('length-mismatch');
      return;
    }
    if (end) this.endReceived();
    this.handler?.onHead(head, end);
  }

  #receiveTunnelHead(head: ResponseHead, block: HeaderBlock, end: boolean): void {
    this.awaiting = false;
    if (head.status >= 300) {
      // The request is complete as it is.
      this.ended = true;
      this.#client.writer.data(this.id, EMPTY, 0, 0, true);
      this.wroteEnd();
      this.#receiveFinalHead(head, block, end);
      return;
    }
    this.tunnel = true;
    if (this.#upgrade !== 'connect') head.status = 101;
    this.handler?.onHead(head, false);
    if (end && !this.detached) this.receiveData(EMPTY, true);
  }

  protected resetCode(reason: ResetReason): ErrorCode {
    return reason === 'protocol-error' ? ErrorCode.ProtocolError : ErrorCode.Cancel;
  }
}

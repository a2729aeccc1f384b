import { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResetReason, ResponseHead } from '../../http/stream.ts';
import { ErrorCode } from '../protocol-error.ts';
import type { Http2Server } from '../server.ts';
import { Http2Stream } from './stream.ts';

/** One request and its answer, as a server sees it. */
export class ServerStream extends Http2Stream<RequestHead, ResponseHead> {
  readonly #method: string;
  readonly #upgrade: string | undefined;

  /** @param contentLength as declared; -1: not */
  constructor(connection: Http2Server, id: number, head: RequestHead, contentLength: number) {
    super(connection);
    this.id = id;
    this.#method = head.method;
    this.#upgrade = head.upgrade;
    this.awaiting = head.upgrade !== undefined;
    if (head.upgrade === undefined) this.unreceived = contentLength;
  }

  /** The request says END_STREAM on its head. */
  complete(): void {
    this.endReceived();
  }

  get expectsData(): boolean {
    return true;
  }

  sendHead(head: ResponseHead, end: boolean): void {
    if (this.detached || this.started) return;
    this.started = true;
    if (this.#upgrade !== undefined) {
      if (this.#answersTunnel(head)) return;
      // A server that ignores an Upgrade may answer 200; here that would accept it.
      if (head.status < 300) {
        head = { status: 502, headers: Headers.of({ 'content-length': '0' }), protocol: head.protocol };
        end = true;
      }
    }
    const { status } = head;
    this.noContent = this.#method === 'HEAD' || status === 204 || status === 304;
    if (!end && !this.noContent) {
      const declared = head.headers.get('content-length');
      if (declared !== undefined && /^\d{1,15}$/.test(declared)) this.unsent = Number(declared);
    }
    if (end) this.ended = true;
    this.putHead(head, end, false);
  }

  sendInformational(head: ResponseHead): void {
    if (!this.detached && !this.started && head.status !== 101) this.putHead(head, false, true);
  }

  /** True: the tunnel is open. Its acceptance is always a 200 here (RFC 8441 section 5.1). */
  #answersTunnel(head: ResponseHead): boolean {
    const { status } = head;
    const accepted = this.#upgrade === 'connect' ? status >= 200 && status < 300 : status === 101;
    if (!accepted) {
      this.refuseTunnel();
      return false;
    }
    this.awaiting = false;
    this.tunnel = true;
    const connect = this.#upgrade === 'connect';
    this.putHead(connect ? head : { ...head, status: 200 }, false, false);
    this.deliverSoon();
    return true;
  }

  protected writeHead(head: ResponseHead, end: boolean, informational: boolean): void {
    const { status, headers } = head;
    const bodiless = this.#method === 'HEAD' || status === 304;
    this.connection.writer.response(this.id, status, headers, end, this.tunnel || (end && !bodiless));
    this.connection.conduct.work();
    if (!informational && headers.get('connection') === 'close') (this.connection as Http2Server).drain();
    if (end) this.wroteEnd();
  }

  protected resetCode(reason: ResetReason): ErrorCode {
    return reason === 'refused-stream' ? ErrorCode.RefusedStream : ErrorCode.InternalError;
  }
}

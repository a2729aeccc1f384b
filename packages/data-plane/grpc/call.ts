import type { Headers } from '@tulle/decision/headers';
import { type GrpcStatus, type GrpcStream, grpcCode, type StreamHandler } from '@tulle/xds/client/transport';
import type {
  StreamHandler as HttpHandler,
  RequestHead,
  ResetReason,
  ResponseHead,
  Stream,
} from '../http/stream.ts';
import { EMPTY } from '../http1/bytes.ts';
import type { ClientConnection } from '../upstream/pool/client-connection.ts';
import { frameMessage, MessageReader } from './message-reader.ts';
import { statusOf, statusOfHttp } from './status.ts';

/**
 * One call, in either direction any number of messages.
 *
 * Waiting (for the server's SETTINGS) ── begin ─▶ Open ─▶ Done (status, reset, `cancel`)
 */
export class GrpcCall implements GrpcStream, HttpHandler<ResponseHead> {
  readonly #head: RequestHead;
  readonly #handler: StreamHandler;
  readonly #connectionError: () => string;
  readonly #reader = new MessageReader();
  #stream: Stream<RequestHead> | undefined = undefined;
  /** Said before the call could begin. */
  readonly #early: Buffer[] = [];
  #ended = false;
  #done = false;
  #status: GrpcStatus | undefined = undefined;

  /** @param connectionError why the connection is gone, empty if it is not */
  constructor(head: RequestHead, handler: StreamHandler, connectionError: () => string) {
    this.#head = head;
    this.#handler = handler;
    this.#connectionError = connectionError;
  }

  /** Waiting → Open */
  begin(client: Pick<ClientConnection, 'request'>): void {
    if (this.#done) return;
    const stream = client.request(this);
    this.#stream = stream;
    stream.sendHead(this.#head, false);
    for (const frame of this.#early.splice(0)) this.#write(stream, frame);
    if (this.#ended) stream.sendData(EMPTY, true);
  }

  send(message: Uint8Array): void {
    if (this.#done || this.#ended) return;
    const frame = frameMessage(message);
    if (this.#stream === undefined) this.#early.push(frame);
    else this.#write(this.#stream, frame);
  }

  /** What we say is mostly answers: while the server does not read them, it need not send more. */
  #write(stream: Stream<RequestHead>, frame: Buffer): void {
    if (!stream.sendData(frame, false)) stream.pause();
  }

  onDrain(): void {
    this.#stream?.resume();
  }

  end(): void {
    if (this.#done || this.#ended) return;
    this.#ended = true;
    this.#stream?.sendData(EMPTY, true);
  }

  cancel(): void {
    if (this.#done) return;
    this.#done = true;
    this.#stream?.reset('local-reset');
  }

  onHead(head: ResponseHead, end: boolean): void {
    this.#status = statusOf(head.headers) ?? (head.status === 200 ? undefined : statusOfHttp(head.status));
    if (end) this.#complete();
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.#done) return;
    try {
      // With a status in the head, what follows is for people to read.
      if (this.#status === undefined) this.#reader.push(chunk, this.#onMessage);
    } catch (error) {
      this.#finish({ code: grpcCode.internal, message: (error as Error).message });
      this.#stream?.reset('local-reset');
      return;
    }
    if (end) this.#complete();
  }

  readonly #onMessage = (message: Uint8Array): void => {
    if (!this.#done) this.#handler.onMessage(message);
  };

  onTrailers(trailers: Headers): void {
    this.#status = statusOf(trailers) ?? this.#status;
    this.#complete();
  }

  onReset(reason: ResetReason, detail?: string): void {
    this.#finish({ code: grpcCode.unavailable, message: this.#connectionError() || (detail ?? reason) });
  }

  /** Waiting → Done: the connection can't serve it. */
  fail(): void {
    this.#finish({ code: grpcCode.unavailable, message: this.#connectionError() });
  }

  /** All has come that will. */
  #complete(): void {
    if (this.#status?.code === grpcCode.ok && this.#reader.partial) {
      this.#finish({ code: grpcCode.internal, message: 'the answer ends within a message' });
    } else this.#finish(this.#status ?? { code: grpcCode.unknown, message: 'the answer has no status' });
  }

  #finish(status: GrpcStatus): void {
    if (this.#done) return;
    this.#done = true;
    this.#handler.onEnd(status);
  }
}

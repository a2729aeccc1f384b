import { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead, Stream, StreamHandler } from '../../http/stream.ts';

/**
 * Answers a request with its own body as it comes, under backpressure, and its trailers. `/status/<code>`
 * answers that code, `/hold` nothing, `/early` before the body; other paths 200.
 */
export class Echo implements StreamHandler<RequestHead> {
  readonly #stream: Stream<ResponseHead>;
  #ended = false;
  reset: string | undefined = undefined;

  constructor(stream: Stream<ResponseHead>) {
    this.#stream = stream;
  }

  onHead(head: RequestHead, end: boolean): void {
    if (head.path === '/hold') return;
    const headers = Headers.of({ 'x-method': head.method, 'x-path': head.path });
    for (const [name, value] of head.headers) {
      if (name.startsWith('x-') || name === 'cookie' || name === 'content-length') headers.add(name, value);
    }
    const asked = /^\/status\/(\d+)$/.exec(head.path)?.[1];
    const status = head.upgrade === 'websocket' ? 101 : Number(asked ?? 200);
    this.#ended = head.path === '/early';
    this.#stream.sendHead({ status, headers, protocol: 'HTTP/2' }, end || this.#ended);
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.#ended) return;
    if (!this.#stream.sendData(chunk, end) && !end) this.#stream.pause();
  }

  onTrailers(trailers: Headers): void {
    this.#stream.sendTrailers(trailers.clone());
  }

  onDrain(): void {
    this.#stream.resume();
  }

  onReset(reason: string): void {
    this.reset = reason;
  }
}

import { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead, Stream, StreamHandler } from '../../http/stream.ts';
import type { Timer, TimerWheel } from '../../timers/wheel.ts';

const text = Buffer.from('The answer to a request that is complete.\n');

/** Answers a complete request with a short text, after a while, as a server does that has to ask others. */
export class Later implements StreamHandler<RequestHead> {
  readonly #timer: Timer;
  readonly #delayMs: number;

  constructor(stream: Stream<ResponseHead>, timers: TimerWheel, delayMs: number) {
    this.#delayMs = delayMs;
    this.#timer = timers.timer(() => {
      const headers = Headers.of({ 'content-length': String(text.length) });
      stream.sendHead({ status: 200, headers, protocol: 'HTTP/2' }, false);
      stream.sendData(text, true);
    });
  }

  onHead(_head: RequestHead, end: boolean): void {
    if (end) this.#timer.start(this.#delayMs);
  }

  onData(_chunk: Buffer, end: boolean): void {
    if (end) this.#timer.start(this.#delayMs);
  }

  onTrailers(): void {
    this.#timer.start(this.#delayMs);
  }

  onDrain(): void {}

  onReset(): void {
    this.#timer.stop();
  }
}

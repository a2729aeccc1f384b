import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Stream, StreamHandler } from './stream.ts';

const empty = Buffer.alloc(0);

type Bytes = Pick<Stream<never>, 'sendData' | 'reset' | 'pause' | 'resume'>;

/** An accepted tunnel, of either side, as a socket, for codecs and relays that know nothing of streams. */
export class StreamSocket extends Duplex implements StreamHandler<unknown> {
  readonly #stream: Bytes;
  /** Told when the stream takes more. */
  #onDrain: (() => void) | undefined = undefined;

  constructor(stream: Bytes) {
    super({ allowHalfOpen: true });
    this.#stream = stream;
  }

  /** It has no addresses and no options of TCP; nobody asks a tunnel for them. */
  asSocket(): Socket {
    return this as unknown as Socket;
  }

  onHead(): void {}

  onData(chunk: Buffer, end: boolean): void {
    if (chunk.length > 0 && !this.push(Buffer.from(chunk))) this.#stream.pause();
    if (end) this.push(null);
  }

  onTrailers(): void {
    this.push(null);
  }

  onDrain(): void {
    const told = this.#onDrain;
    this.#onDrain = undefined;
    told?.();
  }

  onReset(): void {
    this.destroy();
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.#stream.sendData(chunk, false)) done();
    else this.#onDrain = done;
  }

  override _final(done: () => void): void {
    this.#stream.sendData(empty, true);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // What has been given to the codec with its end is the codec's to deliver.
    if (!this.readableEnded || !this.writableFinished) this.#stream.reset('local-reset');
    this.onDrain();
    done(error);
  }
}

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/**
 * For tests: a socket whose peer is the test. Bytes go in by `deliver`, exactly in the pieces that the test
 * chooses; what the codec writes collects in `sent`.
 */
export class ScriptedSocket extends Duplex {
  #sent: Buffer[] = [];
  /** Writes that the codec made: one per turn is the aim. */
  writes = 0;
  /** When set, writes are held until `takeAll`: a peer that does not read. */
  stalled = false;
  #waiting: (() => void)[] = [];

  constructor() {
    super({ allowHalfOpen: true, highWaterMark: 64 * 1024 });
  }

  /** As the type that the codecs take; they use nothing that a Duplex lacks. */
  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  get sent(): string {
    return Buffer.concat(this.#sent).toString('latin1');
  }

  deliver(bytes: string | Buffer): void {
    this.push(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** One piece per turn, so that each is a read of its own. */
  async deliverInPieces(bytes: string, size: number): Promise<void> {
    for (let at = 0; at < bytes.length && !this.destroyed; at += size) {
      this.deliver(bytes.slice(at, at + size));
      await turn();
    }
  }

  deliverEnd(): void {
    this.push(null);
  }

  takeAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }

  override _read(): void {}

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    this.writes++;
    // As the kernel: the bytes are copied at the time of the write.
    this.#sent.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk));
    if (this.stalled) this.#waiting.push(done);
    else done();
  }
}

/** The end of this turn of the event loop: what was written is flushed. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}

import type { Socket } from 'node:net';
import { readAlone, readShared } from '../net/shared-reads.ts';
import { HeldBytes } from './held-bytes.ts';
import { Http1Error } from './protocol-error.ts';

/** Who uses what an intake takes in. */
export interface IntakeReader {
  /**
   * Uses as much as can be used now; returns up to where.
   *
   * @throws Http1Error when the peer broke the protocol: the rest is for nobody
   */
  consume(bytes: Buffer): number;
  /** What `consume` threw. */
  broken(error: Http1Error): void;
  /** There is no use for more: the socket is not to be read from. */
  readonly full: boolean;
  /** All that can be used of what has come is used; also when the peer ends its side. */
  settled(): void;
}

/**
 * The receiving side of one connection. Its reader is never called from within itself, whatever those that it tells
 * of the bytes call in return.
 *
 * ```
 *   socket ─▶ consume ─▶ used
 *             ▲     └──▶ held: half a head, or what its reader can't use yet
 *             └─ goOn ────┘
 * ```
 */
export class Intake {
  readonly #socket: Socket;
  readonly #reader: IntakeReader;
  readonly #held = new HeldBytes();
  /** The peer has ended its side. */
  ended = false;
  #consuming = false;
  #paused = false;
  #scheduled = false;
  #released = false;
  readonly #onData = (chunk: Buffer): void => this.#receive(chunk);
  readonly #onEnd = (): void => this.#end();

  constructor(socket: Socket, reader: IntakeReader) {
    this.#socket = socket;
    this.#reader = reader;
    socket.on('end', this.#onEnd);
    readShared(socket, this.#onData);
  }

  /** How much has come that could not be used yet. */
  get held(): number {
    return this.#held.length;
  }

  /** Nothing is held, and nothing is being used. */
  get empty(): boolean {
    return this.#held.length === 0 && !this.#consuming;
  }

  /** Something is being used: the caller is called by the reader. */
  get consuming(): boolean {
    return this.#consuming;
  }

  /** Nothing more will come. */
  get dry(): boolean {
    return this.ended && this.empty;
  }

  /** The reader can use more, or other bytes, than before: goes on, outside of the caller's stack. */
  goOn(): void {
    if (this.#consuming) return;
    if (this.#held.length === 0) this.regulate();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(goOnNow, this);
    }
  }

  /** @internal */
  goOnNow(): void {
    this.#scheduled = false;
    if (!this.#consuming && this.#held.length > 0) this.#offerHeld();
  }

  /** Reads on or stops reading, as the reader says. */
  regulate(): void {
    if (this.#consuming) return;
    const pause = this.#reader.full;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#socket.pause();
    else this.#socket.resume();
  }

  /** What is held is for nobody. */
  clear(): void {
    this.#held.clear();
  }

  /** Within `consume` only: gives the socket up, paused; what is not used is put back into it. */
  release(): void {
    this.#released = true;
    this.#socket.pause();
    readAlone(this.#socket, this.#onData);
    this.#socket.off('end', this.#onEnd);
  }

  #receive(chunk: Buffer): void {
    if (this.empty) this.#offer(chunk);
    else {
      this.#held.append(chunk);
      if (!this.#consuming) this.#offerHeld();
    }
  }

  #offerHeld(): void {
    // What can't be used is held again, so the offer must not be the holder's own memory.
    this.#offer(this.#held.take());
  }

  #offer(bytes: Buffer): void {
    this.#consuming = true;
    let at = 0;
    try {
      at = this.#reader.consume(bytes);
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error;
      this.#reader.broken(error);
      at = bytes.length;
    } finally {
      this.#consuming = false;
    }
    if (this.#released) {
      if (at < bytes.length && !this.#socket.destroyed) this.#socket.unshift(Buffer.from(bytes.subarray(at)));
      return;
    }
    if (at < bytes.length) this.#held.append(bytes.subarray(at));
    this.regulate();
    this.#reader.settled();
  }

  #end(): void {
    this.ended = true;
    if (!this.#consuming) this.#reader.settled();
  }
}

function goOnNow(intake: Intake): void {
  intake.goOnNow();
}

import { Allowance } from './allowance.ts';
import type { Http2Limits } from './limits.ts';
import { Http2Error } from './protocol-error.ts';

/** How many control frames a frame of real work allows. */
const framesPerWork = 4;

/**
 * How a peer behaves: frames that do nothing and streams that are reset cost it little and us more, so it may have as
 * many as its real work allows, a burst, and some more with time.
 */
export class Conduct {
  readonly #idleFrames: Allowance;
  readonly #resets: Allowance;
  #worked = false;

  /** @param now milliseconds, monotonic */
  constructor(limits: Http2Limits, now: () => number) {
    this.#idleFrames = new Allowance(limits.idleFrameBurst, limits.idleFramesPerSecond, now);
    this.#resets = new Allowance(limits.resetBurst, limits.resetsPerSecond, now);
  }

  /** A frame that does something has been sent or received. */
  work(): void {
    this.#worked = true;
    this.#idleFrames.earn(framesPerWork);
  }

  /** Something was done since this was last asked. */
  hasWorked(): boolean {
    const worked = this.#worked;
    this.#worked = false;
    return worked;
  }

  /** A stream has ended as it should. */
  complete(): void {
    this.#resets.earn(1);
  }

  /** A frame that does nothing has been received. @throws Http2Error when there are too many */
  idleFrame(): void {
    if (!this.#idleFrames.spend()) throw new Http2Error('too-many-frames');
  }

  /** The peer has had a stream reset, by its own word or by its mistake. @throws Http2Error when it does that too often */
  reset(): void {
    if (!this.#resets.spend()) throw new Http2Error('too-many-resets');
  }
}

/**
 * What a peer may send, of one stream or of the whole connection (RFC 9113 section 5.2).
 *
 * ```
 *   |◀──────────────── target ────────────────▶|
 *   |  available  |  held  |  gap              |     gap ≥ target / 2 ─▶ WINDOW_UPDATE of it
 * ```
 * `available`: the peer may send it; `held`: it has come, nobody has taken it. While all that comes is taken
 * at once the target doubles, up to its limit; when the taker stops, it falls back to what it was.
 */
export class ReceiveWindow {
  readonly #initial: number;
  readonly #most: number;
  #target: number;
  #available: number;
  #held = 0;

  /** @param available what the peer believes at first */
  constructor(initial: number, most: number, available: number) {
    this.#initial = initial;
    this.#target = initial;
    this.#most = Math.max(initial, most);
    this.#available = available;
  }

  get target(): number {
    return this.#target;
  }

  get held(): number {
    return this.#held;
  }

  /** False: more than was allowed. */
  receive(length: number): boolean {
    this.#available -= length;
    this.#held += length;
    return this.#available >= 0;
  }

  /** `length` octets have been taken; returns the increment to announce, mostly 0. */
  take(length: number): number {
    this.#held -= length;
    const gap = this.#target - this.#available - this.#held;
    if (gap * 2 < this.#target) return 0;
    if (this.#held > 0 || this.#target >= this.#most) {
      this.#available += gap;
      return gap;
    }
    const grown = Math.min(this.#target * 2, this.#most);
    const increment = gap + grown - this.#target;
    this.#target = grown;
    this.#available += increment;
    return increment;
  }

  /** The increment with which it begins, if the peer believes in less than the target. */
  open(): number {
    const gap = this.#target - this.#available;
    if (gap <= 0) return 0;
    this.#available += gap;
    return gap;
  }

  /** The taker has stopped: a large window would only fill memory. */
  shrink(): void {
    this.#target = this.#initial;
  }
}

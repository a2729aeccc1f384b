/** A peer that still takes what it was sent gets this many times as long to close as one that has it all. */
const takingFactor = 10;

/** Watches whether a peer takes what it was sent: asked by whoever would give it up else, when time is up. */
export class Uptake {
  readonly #outbox: { readonly pending: number };
  #before = 0;

  constructor(outbox: { readonly pending: number }) {
    this.#outbox = outbox;
  }

  /** From here it is watched. */
  mark(): void {
    this.#before = this.#outbox.pending;
  }

  /** As `mark`, when all is said: how long the peer may take now to close, or to take some of it. Milliseconds. */
  linger(lingerMs: number): number {
    this.mark();
    return Math.max(1, lingerMs) * (this.#before > 0 ? takingFactor : 1);
  }

  /** It has taken some since `mark`, and not all. */
  get moves(): boolean {
    const { pending } = this.#outbox;
    return pending > 0 && pending < this.#before;
  }
}

/**
 * The attempts of one request: the one under way, and late ones that go on beside it. Who answers well first is it,
 * and the others are given up.
 *
 * ```
 *   current ── overtake ─▶ late (any number) ── leave ─▶ over
 *      └────────── settle: the rest is abandoned ───────┘
 * ```
 */
export class Race<Attempt extends { abandon(): void }> {
  /** The one under way. */
  current: Attempt | undefined = undefined;
  #late: Attempt[] | undefined = undefined;

  has(attempt: Attempt): boolean {
    return attempt === this.current || this.#late?.includes(attempt) === true;
  }

  /** Somebody may still answer. */
  get running(): boolean {
    return this.current !== undefined || (this.#late !== undefined && this.#late.length > 0);
  }

  /** The one under way is late: it goes on, and there is room for the next. */
  overtake(): void {
    if (this.current === undefined) return;
    this.#late ??= [];
    this.#late.push(this.current);
    this.current = undefined;
  }

  /** An attempt is over. True: it was the one under way, not a late one. */
  leave(attempt: Attempt): boolean {
    if (attempt === this.current) {
      this.current = undefined;
      return true;
    }
    this.#late = this.#late?.filter((other) => other !== attempt);
    return false;
  }

  /** The answer is this one's. True: there have been others beside it. */
  settle(attempt: Attempt): boolean {
    const other = this.current;
    this.current = attempt;
    if (this.#late === undefined) return false;
    if (other !== attempt) other?.abandon();
    for (const late of this.#late) if (late !== attempt) late.abandon();
    this.#late = undefined;
    return true;
  }

  /** Nobody's answer is wanted any more. */
  abandon(): void {
    const { current } = this;
    this.current = undefined;
    current?.abandon();
    for (const late of this.#late ?? []) late.abandon();
    this.#late = undefined;
  }
}

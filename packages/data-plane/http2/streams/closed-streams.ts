/** How a stream that is no more ended. */
export const Ending = { Unknown: 0, Closed: 1, Reset: 2 } as const;
export type Ending = (typeof Ending)[keyof typeof Ending];

const remembered = 256;

/**
 * The last streams that ended: frames that were under way when we reset a stream are ignored, those on a
 * stream that had ended properly are an error (RFC 9113 section 5.1).
 */
export class ClosedStreams {
  readonly #ids: Uint32Array = new Uint32Array(remembered);
  #next = 0;

  add(id: number, ending: Ending): void {
    this.#ids[this.#next] = ending === Ending.Reset ? id | 0x80000000 : id;
    this.#next = (this.#next + 1) % remembered;
  }

  /** Only asked when something is unusual. */
  ending(id: number): Ending {
    for (const entry of this.#ids) {
      if ((entry & 0x7fffffff) === id) return entry === id ? Ending.Closed : Ending.Reset;
    }
    return Ending.Unknown;
  }
}

/** Bytes of resources that are taken in one turn: some milliseconds of work. */
const pieceBytes = 64 * 1024;

/** A part of what has come, small enough to be taken in one turn. */
export interface Piece<M, T> {
  readonly message: M;
  readonly items: readonly T[];
  /** Nothing of the message is left. */
  readonly last: boolean;
}

/**
 * Messages with many items, taken in order and in pieces, one a turn: between two of them requests go on. What fits
 * into one piece is taken at once.
 */
export class Inbox<M extends { readonly items: readonly T[] }, T extends { readonly bytes: Uint8Array }> {
  readonly #take: (piece: Piece<M, T>) => void;
  readonly #waiting: M[] = [];
  /** How far the first of them has been taken. */
  #at = 0;
  #turn: NodeJS.Immediate | undefined;

  constructor(take: (piece: Piece<M, T>) => void) {
    this.#take = take;
  }

  add(message: M): void {
    this.#waiting.push(message);
    if (this.#waiting.length === 1) this.#next();
  }

  /** Forgets what has not been taken. */
  clear(): void {
    this.#waiting.length = 0;
    this.#at = 0;
    clearImmediate(this.#turn);
  }

  #next(): void {
    const [message] = this.#waiting;
    if (message === undefined) return;
    const from = this.#at;
    let bytes = 0;
    while (this.#at < message.items.length && (bytes < pieceBytes || this.#at === from))
      bytes += message.items[this.#at++]?.bytes.length ?? 0;
    const last = this.#at === message.items.length;
    const items = message.items.slice(from, this.#at);
    if (last) {
      this.#waiting.shift();
      this.#at = 0;
    }
    if (this.#waiting.length > 0) this.#turn = setImmediate(() => this.#next());
    this.#take({ message, items, last });
  }
}

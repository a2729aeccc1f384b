import type { Headers } from '@tulle/decision/headers';

/** What waits to be sent on a stream. */
export type Queued<Head> =
  | { readonly kind: 'head' | 'informational'; readonly head: Head; readonly end: boolean }
  | { readonly kind: 'data'; readonly bytes: Buffer; readonly end: boolean }
  | { readonly kind: 'trailers'; readonly trailers: Headers };

/** Above this a stream's writer is told to hold back, below the second to go on. */
export const highQueue = 64 * 1024;
export const lowQueue = 16 * 1024;

/** In order; bounded as long as its writer heeds `highQueue`. */
export class SendQueue<Head> {
  readonly #items: Queued<Head>[] = [];
  #first = 0;
  /** Of the first item, when it is data: octets that are sent. */
  #sent = 0;
  /** Of data. */
  bytes = 0;

  get empty(): boolean {
    return this.#first === this.#items.length;
  }

  get first(): Queued<Head> | undefined {
    return this.#items[this.#first];
  }

  get sent(): number {
    return this.#sent;
  }

  push(item: Queued<Head>): void {
    this.#items.push(item);
    if (item.kind === 'data') this.bytes += item.bytes.length;
  }

  /** `length` octets of the first item, data, are sent; it goes when it is used up. */
  advance(length: number): void {
    this.#sent += length;
    this.bytes -= length;
    const item = this.first;
    if (item?.kind === 'data' && this.#sent >= item.bytes.length) this.shift();
  }

  shift(): void {
    this.#sent = 0;
    this.#first++;
    if (this.#first === this.#items.length || this.#first > 32) {
      this.#items.splice(0, this.#first);
      this.#first = 0;
    }
  }

  clear(): void {
    this.#items.length = 0;
    this.#first = 0;
    this.#sent = 0;
    this.bytes = 0;
  }
}

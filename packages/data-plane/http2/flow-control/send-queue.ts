import type { Headers } from '@tulle/decision/headers';
import { SlabQueue } from './slab-queue.ts';

/** What waits to be sent on a stream. */
export type Queued<Head> =
  | { readonly kind: 'head' | 'informational'; readonly head: Head; readonly end: boolean }
  | { readonly kind: 'data'; readonly bytes: SlabQueue; end: boolean }
  | { readonly kind: 'trailers'; readonly trailers: Headers };

/** Above this a stream's writer is told to hold back, below the second to go on. */
export const highQueue = 64 * 1024;
export const lowQueue = 16 * 1024;

/** In order; bounded as long as its writer heeds `highQueue`. */
export class SendQueue<Head> {
  readonly #items: Queued<Head>[] = [];
  /** Of data. */
  bytes = 0;

  get empty(): boolean {
    return this.#items.length === 0;
  }

  get first(): Queued<Head> | undefined {
    return this.#items[0];
  }

  push(item: Queued<Head>): void {
    this.#items.push(item);
  }

  pushData(chunk: Buffer, end: boolean): void {
    let item = this.#items[this.#items.length - 1];
    if (item?.kind !== 'data') {
      item = { kind: 'data', bytes: new SlabQueue(), end };
      this.#items.push(item);
    }
    item.bytes.append(chunk);
    item.end = end;
    this.bytes += chunk.length;
  }

  shift(): void {
    this.#items.shift();
  }

  clear(): void {
    for (const item of this.#items) if (item.kind === 'data') item.bytes.clear();
    this.#items.length = 0;
    this.bytes = 0;
  }
}

import { getHeapStatistics } from 'node:v8';
import type { Timer, TimerWheel } from '../timers/wheel.ts';

/** Bytes in use and the most there may be. */
export interface HeapReading {
  readonly used: number;
  readonly limit: number;
}

/** The heap of this process with its buffers, against V8's limit or a lower one. */
export function readHeap(most: number | undefined): HeapReading {
  const { used_heap_size, external_memory, heap_size_limit } = getHeapStatistics();
  return { used: used_heap_size + external_memory, limit: most ?? heap_size_limit };
}

/** From this share of the limit on new connections are turned away. */
const connectionsAt = 0.9;
/** From this share of the limit on requests are answered 503: Envoy's stop_accepting_requests. */
const requestsAt = 0.95;
const lookEveryMs = 500;

/**
 * How near the heap is to its limit: Calm ⇄ Tight (no new connections) ⇄ Full (no new requests). Looks twice a
 * second while there is anything to look after.
 */
export class HeapPressure {
  /** Share of the limit that was in use at the last look. */
  share = 0;
  readonly #read: () => HeapReading;
  readonly #timer: Timer;
  readonly #isBusy: () => boolean;

  constructor(wheel: TimerWheel, read: () => HeapReading, isBusy: () => boolean) {
    this.#read = read;
    this.#isBusy = isBusy;
    this.#timer = wheel.timer(() => this.#look());
  }

  get refusesConnections(): boolean {
    return this.share >= connectionsAt;
  }

  get refusesRequests(): boolean {
    return this.share >= requestsAt;
  }

  /** Somebody has come. */
  watch(): void {
    if (!this.#timer.armed) this.#timer.start(lookEveryMs);
  }

  stop(): void {
    this.#timer.stop();
  }

  #look(): void {
    const { used, limit } = this.#read();
    this.share = used / limit;
    // Who is turned away now may come again when it is better, and nobody else might look.
    if (this.#isBusy() || this.refusesConnections) this.#timer.start(lookEveryMs);
  }
}

import { TokenBucket } from '@tulle/decision/limits/token-bucket';
import type { TokenBucketSettings } from '@tulle/decision/tables/rate-limit';
import type { ToWorker, WorkerId } from './protocol.ts';

export type TokenMessage = Extract<ToWorker, { kind: 'drawn' }>;

/** Buckets that are kept; the least recently used is forgotten, and would begin full. */
const mostBuckets = 50_000;

/** The parent's part of rate limits: the buckets that the workers of a proxy draw from. */
export class TokenBook {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #send: (worker: WorkerId, message: TokenMessage) => void;
  readonly #now: () => number;

  constructor(send: (worker: WorkerId, message: TokenMessage) => void, now: () => number) {
    this.#send = send;
    this.#now = now;
  }

  draw(worker: WorkerId, name: string, settings: TokenBucketSettings, count: number): void {
    const now = this.#now();
    const bucket = this.#bucket(name, settings, now);
    const drawn = bucket.takeUpTo(now, count);
    this.#send(worker, {
      kind: 'drawn',
      bucket: name,
      count: drawn,
      left: bucket.left(now),
      waitMs: drawn > 0 ? 0 : bucket.wait(now),
    });
  }

  /** Drawn and not used. */
  refund(name: string, count: number): void {
    this.#buckets.get(name)?.giveBack(count);
  }

  #bucket(name: string, settings: TokenBucketSettings, now: number): TokenBucket {
    const known = this.#buckets.get(name);
    if (known !== undefined) this.#buckets.delete(name);
    const [oldest] = this.#buckets.size >= mostBuckets ? this.#buckets.keys() : [];
    if (oldest !== undefined) this.#buckets.delete(oldest);
    const bucket = known ?? new TokenBucket(settings, now);
    this.#buckets.set(name, bucket);
    return bucket;
  }
}

import { type Counters, windowAt } from './counters.ts';
import type { Quota } from './quota.ts';
import type { RespClient } from './resp-client.ts';

/** A key lives a little longer than its window: clocks differ. */
const graceSeconds = 5;
const mostNear = 100_000;

/**
 * In Redis or Valkey, for any number of instances: INCRBY and EXPIRE of a key per window, pipelined. A window that is known
 * to be over its limit is not asked for again: that much less to do when there is too much.
 */
export class RedisCounters implements Counters {
  readonly #client: RespClient;
  /** Windows that are over: their key ⇒ count. */
  readonly #over = new Map<string, { readonly end: number; readonly count: number }>();

  constructor(client: RespClient) {
    this.#client = client;
  }

  async add(quotas: readonly Quota[], hits: number, now: number): Promise<readonly number[]> {
    const keys = quotas.map((quota) => keyOf(quota, now));
    const counts = keys.map((key) => this.#over.get(key)?.count);
    const asked = quotas.flatMap((_, at) => (counts[at] === undefined ? [at] : []));
    if (asked.length === 0) return counts as number[];
    const replies = await this.#client.pipeline(
      asked.flatMap((at) => [
        ['INCRBY', keys[at] as string, String(hits)],
        ['EXPIRE', keys[at] as string, String((quotas[at] as Quota).windowSeconds + graceSeconds)],
      ]),
    );
    asked.forEach((at, index) => {
      const count = replies[index * 2];
      if (typeof count !== 'number') throw new Error(`INCRBY is answered ${String(count)}`);
      counts[at] = count;
      const quota = quotas[at] as Quota;
      if (count > quota.requests) this.#remember(keys[at] as string, windowAt(quota, now).end, count, now);
    });
    return counts as number[];
  }

  close(): void {
    this.#client.close();
  }

  #remember(key: string, end: number, count: number, now: number): void {
    for (const [known, over] of this.#over) {
      if (over.end > now && this.#over.size < mostNear) break;
      this.#over.delete(known);
    }
    this.#over.set(key, { end, count });
  }
}

const keyOf = (quota: Quota, now: number): string =>
  `tulle:rate-limit:${quota.key}\0${windowAt(quota, now).start / 1_000}`;

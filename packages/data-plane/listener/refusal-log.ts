import type { OnRefused } from './active-listener.ts';

/** Lines in a row, per listener; then one for each interval. */
const burst = 10;
const intervalMs = 1_000;
/** Listeners that are kept apart: more than a proxy has, whatever comes and goes. */
const mostListeners = 1_000;

interface Quota {
  left: number;
  /** When `left` was last counted, in ms. */
  since: number;
  unsaid: number;
}

/**
 * Says why connections were refused, at a pace that no client sets: whoever knocks a thousand times a second would
 * else fill the disk and cost more than a handshake does. Counters count them all.
 *
 * @param now milliseconds, monotonic
 */
export function refusalLog(log: (message: string) => void, now: () => number): OnRefused {
  const quotas = new Map<string, Quota>();
  return (listener, reason) => {
    const at = now();
    let quota = quotas.get(listener);
    if (quota === undefined) {
      if (quotas.size >= mostListeners) quotas.clear();
      quota = { left: burst, since: at, unsaid: 0 };
      quotas.set(listener, quota);
    }
    const gained = Math.floor((at - quota.since) / intervalMs);
    if (gained > 0) {
      quota.left = Math.min(burst, quota.left + gained);
      quota.since = at;
    }
    if (quota.left === 0) {
      quota.unsaid++;
      return;
    }
    quota.left--;
    const more = quota.unsaid === 0 ? '' : ` (and ${quota.unsaid} more before)`;
    quota.unsaid = 0;
    log(`${listener}: ${reason}${more}`);
  };
}

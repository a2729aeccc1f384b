import type { Random } from './match.ts';
import type { FaultRule } from './tables/fault.ts';

/** Milliseconds that this request has to wait; 0: none. Drawn once for a request. */
export function delayOf({ delay }: FaultRule, random: Random): number {
  return delay !== undefined && random() * 1_000_000 < delay.fraction ? delay.ms : 0;
}

/**
 * With what this request is answered instead; undefined: it goes on. Drawn apart from the delay, and after it, as
 * Envoy: a request may meet both.
 */
export function abortOf({ abort }: FaultRule, random: Random): FaultRule['abort'] {
  return abort !== undefined && random() * 1_000_000 < abort.fraction ? abort : undefined;
}

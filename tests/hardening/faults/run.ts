import { expect } from 'vitest';
import { census, nothing } from '../census.ts';
import type { Hardened } from '../proxy.ts';
import type { RawBackend } from '../raw-backend.ts';
import type { RawClient } from '../raw-client.ts';

/** What is said of a request or connection when it is over. */
export interface Verdict {
  /** 0: no response was begun. */
  readonly status: number;
  /** As Envoy documents them for %RESPONSE_FLAGS%, in the order in which they came. */
  readonly flags: string;
  /** Endpoints asked, the first included. */
  readonly attempts: number;
}

/** The verdicts on everything that has ended so far. */
export function verdicts({ ended }: Hardened): Verdict[] {
  return ended.map(({ status, flags, attempts }) => ({ status, flags: flags.join(','), attempts }));
}

/**
 * Everything is given back: after the request the proxy keeps `kept` idle connections to the backend, and when
 * both peers are gone nothing at all.
 */
export async function expectNothingLeft(
  proxy: Hardened,
  backend: RawBackend | undefined,
  client: RawClient,
  kept: number,
): Promise<void> {
  await expect
    .poll(() => {
      const { upstream, activeRequests } = census(proxy.engine);
      return { upstream, activeRequests };
    })
    .toEqual({ upstream: kept, activeRequests: 0 });
  if (backend !== undefined) await expect.poll(() => backend.open).toBe(kept);
  await client.close();
  await backend?.close();
  await expect.poll(() => census(proxy.engine)).toEqual(nothing);
}

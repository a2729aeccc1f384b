import { expect } from 'vitest';
import { census, nothing } from '../census.ts';
import type { Hardened } from '../proxy.ts';
import type { RawClient } from '../raw-client.ts';

/**
 * Everything is given back: after the request the proxy keeps `kept` idle connections to the backend, and when
 * both peers are gone nothing at all.
 */
export async function expectNothingLeft(
  proxy: Hardened,
  backend: { readonly open: number; close(): Promise<void> } | undefined,
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

import { localRateLimit } from '@tulle/decision/limits/rate-limit.fixture';
import type { HttpFilterConfig } from '@tulle/decision/tables/http-manager';
import { afterEach, expect, test } from 'vitest';
import { startEngine } from '../testing/engine.ts';
import {
  cluster,
  forward,
  host,
  httpChain,
  listener,
  manager,
  route,
  routeTable,
  tables,
} from '../testing/tables.ts';
import { bandwidthLimitFilter } from './bandwidth-limit/filter.ts';
import type { HttpFilterChain } from './chain.ts';
import { corsFilter } from './cors/filter.ts';
import { faultFilter } from './fault/filter.ts';
import { localRateLimitFilter } from './local-rate-limit/filter.ts';
import { routerFilter } from './router/filter.ts';

const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanup.splice(0)) step();
});

/** The chain of a manager with these filters and one route. */
async function chainOf(
  filters: readonly HttpFilterConfig[],
  perFilter: ReadonlyMap<string, unknown> = new Map(),
): Promise<HttpFilterChain> {
  const routes = routeTable([host([route(forward('c'), { perFilter })])]);
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routes, { filters }))])],
      clusters: [cluster('c', [])],
    }),
  );
  cleanup.push(() => engine.destroy());
  const [active] = engine.listeners.active;
  const [chain] = active?.chains.values() ?? [];
  if (chain?.service.kind !== 'http') throw new Error('no HTTP');
  return chain.service.manager.chain;
}

/** Hooks that each stream goes through, and states that it has. */
const sizes = ({ decode, encode, starts, destroys }: HttpFilterChain) => ({
  hooks: decode.length + encode.length,
  states: starts.length + destroys.length,
});
const none = { hooks: 0, states: 0 };
const router: HttpFilterConfig = { name: 'router', typeUrl: routerFilter.typeUrl, config: {} };

test('a manager without filters has no hook and no state', async () => {
  expect(sizes(await chainOf([router]))).toEqual(none);
});

test.each([
  ['CORS that no route asks for', corsFilter, {}],
  ['faults of routes that have none', faultFilter, {}],
  ['a bandwidth limit without a rate', bandwidthLimitFilter, { name: 'b', scope: 'proxy' }],
  ['a rate limit for no request', localRateLimitFilter, localRateLimit({ enabled: 0 })],
])('%s: nothing is added to a stream', async (_what, { typeUrl }, config) => {
  expect(sizes(await chainOf([{ name: 'tested', typeUrl, config }, router]))).toEqual(none);
});

test('what a route configures is there', async () => {
  const filters = [{ name: 'faults', typeUrl: faultFilter.typeUrl, config: {} }, router];
  expect(sizes(await chainOf(filters, new Map([['faults', {}]]))).hooks).toBe(1);
  expect(sizes(await chainOf(filters, new Map([['others', {}]])))).toEqual(none);
});

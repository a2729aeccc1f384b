import type { BreakerLimits } from '@tulle/decision/tables/cluster';
import { describe, expect, it } from 'vitest';
import { backend } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { ask } from '../testing/client.ts';
import { portOf, startEngine } from '../testing/engine.ts';
import {
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  retry,
  route,
  routeTable,
  tables,
} from '../testing/tables.ts';

const cleanup = cleanupAfterEach();

const many = 2 ** 31;

/** A service that is totally dead: it answers 503 to all, first tries as soon as all have come, others when told. */
async function deadService(requests: number) {
  const firsts: (() => void)[] = [];
  const retries: (() => void)[] = [];
  const dead = await backend((request, response) => {
    const fail = (): void => {
      response.statusCode = 503;
      response.end();
    };
    if (request.headers['x-envoy-attempt-count'] !== '1') {
      retries.push(fail);
      return;
    }
    firsts.push(fail);
    if (firsts.length === requests) for (const each of firsts) each();
  });
  cleanup.push(() => dead.close());
  return { dead, retries };
}

async function storm(
  requests: number,
  budget: Pick<BreakerLimits, 'retries' | 'retryBudgetPercent' | 'retryBudgetIntervalMs'>,
) {
  const { dead, retries } = await deadService(requests);
  const limits = { connections: many, pending: many, requests: many, ...budget };
  const policy = retry({ retries: 3, on: new Set(['5xx']) });
  const routes = routeTable([host([route(forward('a', { retry: policy }))], { includeAttemptCount: true })]);
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routes))])],
      clusters: [cluster('a', [endpoint(dead.port)], { breakers: { default: limits, high: limits } })],
    }),
  );
  cleanup.push(() => engine.destroy());
  const port = portOf(engine, 'l');
  const answers = Array.from({ length: requests }, () => ask(port));
  return { dead, retries, answers, gauge: () => engine.clusters.get('a')?.breakers.default.retries };
}

describe('load on a dead service', () => {
  it.each([
    { requests: 100, percent: 20, least: 3, allowed: 20 },
    { requests: 10, percent: 20, least: 3, allowed: 3 },
    { requests: 50, percent: 0, least: 0, allowed: 0 },
  ])(
    '$requests requests at once, $percent % of them or $least: $allowed are tried again, all others fail',
    async ({ requests, percent, least, allowed }) => {
      const { dead, retries, answers, gauge } = await storm(requests, {
        retries: least,
        retryBudgetPercent: percent,
      });
      // Those that may not be tried again are answered at once, while the others hang.
      let failed = 0;
      for (const answer of answers) void answer.then(() => failed++);
      await expect.poll(() => failed).toBe(requests - allowed);
      await expect.poll(() => retries.length).toBe(allowed);
      expect(gauge()?.value).toBe(allowed);
      expect(dead.count()).toBe(requests + allowed);
      // They fail, too: few are under way now, so few may be tried once more.
      const floor = (open: number): number => Math.max(least, Math.floor((open * percent) / 100));
      for (let round = 2; round <= 3 && allowed > 0; round++) {
        const open = requests - failed;
        const before = dead.count();
        for (const fail of retries.splice(0)) fail();
        await expect.poll(() => requests - failed).toBeLessThanOrEqual(floor(open));
        expect(dead.count() - before).toBeLessThanOrEqual(open);
        await expect.poll(() => retries.length).toBe(requests - failed);
      }
      for (const fail of retries.splice(0)) fail();
      expect((await Promise.all(answers)).every(({ status }) => status === 503)).toBe(true);
      expect(gauge()?.value).toBe(0);
    },
  );

  it('with an interval those of that time count, tries too: 20 % of 10 requests, then of 12 tries', async () => {
    const { retries, answers, gauge } = await storm(10, {
      retries: 0,
      retryBudgetPercent: 20,
      retryBudgetIntervalMs: 3_600_000,
    });
    await expect.poll(() => retries.length).toBe(2);
    expect(gauge()?.value).toBe(2);
    // The last two requests are under way, 20 % of them is none.
    for (const fail of retries.splice(0)) fail();
    await expect.poll(() => retries.length).toBe(2);
    for (const fail of retries.splice(0)) fail();
    await expect.poll(() => retries.length).toBe(2);
    for (const fail of retries.splice(0)) fail();
    await Promise.all(answers);
    expect(gauge()?.value).toBe(0);
  });

  it('maxRetries bounds them where there is no budget', async () => {
    const { retries, answers } = await storm(30, { retries: 4 });
    let failed = 0;
    for (const answer of answers) void answer.then(() => failed++);
    await expect.poll(() => failed).toBe(26);
    expect(retries.length).toBeLessThanOrEqual(4);
    await expect.poll(() => retries.length).toBe(4);
    const end = setInterval(() => {
      for (const fail of retries.splice(0)) fail();
    }, 5);
    await Promise.all(answers);
    clearInterval(end);
  });
});

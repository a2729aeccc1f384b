import { Headers } from '@tulle/decision/headers';
import type { BalancerPolicy } from '@tulle/decision/tables/cluster';
import { expect, it } from 'vitest';
import { endpoint } from '../testing/tables.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { Balancing } from './balancing.ts';
import { EndpointState } from './endpoint.ts';

const settings = (balancer: BalancerPolicy) => ({
  balancer,
  panicThresholdPercent: 0,
  localityWeighted: false,
});
const utilization = {
  kind: 'utilization',
  stabilizationMs: 10_000,
  expirationMs: 60_000,
  updateMs: 1_000,
  errorPenalty: 0,
  metricNames: [],
} as const;

it('reports weigh when they have come for long enough, until they are too old or nobody asks', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  const nobody = { locality: '', instances: [] };
  const balancing = new Balancing(
    settings(utilization),
    wheel,
    () => 0.5,
    () => nobody,
  );
  const busy = new EndpointState(endpoint(1));
  const idle = new EndpointState(endpoint(2));
  balancing.rebuild([busy, idle]);
  const report = (): void => {
    for (const [state, used] of [
      [busy, 0.9],
      [idle, 0.1],
    ] as const) {
      const headers = new Headers();
      headers.set('endpoint-load-metrics', `TEXT rps_fractional=90,cpu_utilization=${used}`);
      balancing.report(state, headers);
    }
  };
  const share = (): number => {
    let picked = 0;
    for (let i = 0; i < 100; i++) if (balancing.pick() === idle) picked++;
    return picked;
  };
  report();
  clock.advance(5_000);
  expect(share()).toBe(50);
  report();
  clock.advance(7_000);
  // 100 and 900: in turn, nine to one.
  expect(share()).toBe(90);
  clock.advance(60_000);
  expect(share()).toBe(50);
  report();
  clock.advance(11_000);
  balancing.configure(settings({ kind: 'round-robin' }));
  expect(share()).toBe(50);
  balancing.stop();
  expect(wheel.armed).toBe(0);
});

import { expect, it } from 'vitest';
import type { AdminSources } from '../admin/sources.ts';
import { prometheusText } from '../telemetry/prometheus.ts';
import { MetricRegistry } from '../telemetry/registry.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { gatherStatistics } from './gather.ts';
import { ParentLink } from './parent-link.ts';
import type { ToParent, ToWorker } from './protocol.ts';
import { takeStatistics } from './statistics.ts';

function counted(requests: number): MetricRegistry {
  const registry = new MetricRegistry();
  const total = registry.counter({ name: 'requests_total', help: 'Requests.' });
  registry.add(total.with(), requests);
  return registry;
}

it('keeps what workers have counted that are gone, also when others come in their place', () => {
  let hear: (message: ToWorker, handle: unknown) => void = () => {};
  const said: ToParent[] = [];
  const parent = new ParentLink({
    id: '0.0',
    shared: true,
    succeeds: false,
    channel: { send: (message) => said.push(message), onMessage: (listener) => (hear = listener) },
  });
  const sources = { metrics: counted(1), clusters: () => [] } as Partial<AdminSources> as AdminSources;
  const gather = gatherStatistics(parent, new TimerWheel({ clock: new VirtualClock() }), sources);
  /** The sum over all, with 0.1 having counted so much. */
  const sumWith = (requests: number): string => {
    hear({ kind: 'workers', ids: ['0.0', '0.1'] }, undefined);
    let text = '';
    gather(({ metrics }) => {
      text = prometheusText(metrics);
    });
    const asked = said.findLast((message) => message.kind === 'tell');
    if (asked?.message.kind !== 'statistics?') throw new Error('not asked');
    const statistics = takeStatistics(counted(requests), []);
    const { request } = asked.message;
    hear({ kind: 'told', from: '0.1', message: { kind: 'statistics', request, statistics } }, undefined);
    return /^requests_total (\d+)$/m.exec(text)?.[1] ?? text;
  };
  const leave = (): void => hear({ kind: 'workers', ids: ['0.0'] }, undefined);
  expect(sumWith(10)).toBe('11');
  leave();
  expect(sumWith(2)).toBe('13');
  leave();
  expect(sumWith(0)).toBe('13');
});

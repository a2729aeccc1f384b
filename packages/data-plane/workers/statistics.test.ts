import { describe, expect, it } from 'vitest';
import { prometheusText } from '../telemetry/prometheus.ts';
import { MetricRegistry } from '../telemetry/registry.ts';
import { mergeMetrics, takeStatistics, withoutGauges } from './statistics.ts';

function counted(requests: number, ms: readonly number[], code = '200'): MetricRegistry {
  const registry = new MetricRegistry();
  const total = registry.counter({ name: 'requests_total', help: 'Requests.', labels: ['code'] });
  registry.add(total.with(code), requests);
  const open = registry.gauge({ name: 'open', help: 'Open.' });
  registry.set(open.with(), 2);
  const took = registry.histogram({ name: 'took', help: 'Took.', buckets: [1, 10] });
  for (const value of ms) took.with().record(value);
  registry.observe({
    name: 'accepted',
    help: 'Accepted.',
    kind: 'counter',
    labels: ['listener'],
    observe: (say) => say(requests, 'in'),
  });
  registry.observe({
    name: 'endpoints',
    help: 'Endpoints.',
    kind: 'gauge',
    labels: [],
    sameInWorkers: true,
    observe: (say) => say(3),
  });
  return registry;
}

describe('statistics of several workers', () => {
  it('read as if one process had counted', () => {
    const all = [counted(5, [0.5, 20]), counted(7, [5]), counted(1, [], '503')].map((registry) =>
      // As they come over the channel.
      structuredClone(takeStatistics(registry, [])),
    );
    expect(prometheusText(mergeMetrics(all))).toBe(
      [
        '# HELP requests_total Requests.',
        '# TYPE requests_total counter',
        'requests_total{code="200"} 12',
        'requests_total{code="503"} 1',
        '# HELP open Open.',
        '# TYPE open gauge',
        'open 6',
        '# HELP took Took.',
        '# TYPE took histogram',
        'took_bucket{le="1"} 1',
        'took_bucket{le="10"} 2',
        'took_bucket{le="+Inf"} 3',
        'took_sum 25.5',
        'took_count 3',
        '# HELP accepted Accepted.',
        '# TYPE accepted counter',
        'accepted{listener="in"} 13',
        '# HELP endpoints Endpoints.',
        '# TYPE endpoints gauge',
        'endpoints 3',
        '',
      ].join('\n'),
    );
  });

  it('keep what a worker has counted that is gone, not what it had', () => {
    const gone = withoutGauges(takeStatistics(counted(5, [0.5]), []));
    const text = prometheusText(mergeMetrics([takeStatistics(counted(1, []), []), gone]));
    expect(text).toContain('requests_total{code="200"} 6\n');
    expect(text).toContain('open 2\n');
    expect(text).toContain('took_count 1\n');
  });
});

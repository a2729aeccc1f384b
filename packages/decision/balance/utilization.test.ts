import { describe, expect, it } from 'vitest';
import { type LoadReport, reportedWeight, weighByReports } from './utilization.ts';

const nothing: LoadReport = {
  applicationUtilization: 0,
  cpuUtilization: 0,
  memUtilization: 0,
  rpsFractional: 0,
  eps: 0,
  requestCost: new Map(),
  utilization: new Map(),
  namedMetrics: new Map(),
};
const policy = {
  kind: 'utilization',
  stabilizationMs: 10_000,
  expirationMs: 180_000,
  updateMs: 1_000,
  errorPenalty: 0,
  metricNames: ['named_metrics.queue', 'mem_utilization'],
} as const;

describe('the weight that a report gives', () => {
  it.each<[string, Partial<LoadReport>, number, number | undefined]>([
    ['requests by utilization', { rpsFractional: 1000, applicationUtilization: 0.5 }, 0, 2000],
    ['errors are punished', { rpsFractional: 1000, eps: 100, applicationUtilization: 0.5 }, 2, 1000 / 0.7],
    [
      'the greatest of the metrics that are named',
      { rpsFractional: 10, namedMetrics: new Map([['queue', 0.2]]), memUtilization: 0.4, cpuUtilization: 1 },
      0,
      25,
    ],
    ['the processor’s at last', { rpsFractional: 10, cpuUtilization: 0.5 }, 0, 20],
    ['none without requests', { applicationUtilization: 0.5 }, 0, undefined],
    ['none without utilization', { rpsFractional: 10 }, 0, undefined],
    ['none of nonsense', { rpsFractional: Number.NaN, cpuUtilization: -1 }, 0, undefined],
  ])('%s', (_, report, errorPenalty, weight) => {
    const found = reportedWeight({ ...nothing, ...report }, { ...policy, errorPenalty });
    if (weight === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(weight);
  });
});

describe('the weights of a cluster', () => {
  const now = 1_000_000;
  const report = (weight: number, sinceMs: number, agoMs: number) => ({
    weight,
    since: now - sinceMs,
    at: now - agoMs,
  });
  it('are equal while nobody has reported for long enough', () => {
    expect(weighByReports([undefined, report(7, 9_999, 0)], policy, now)).toEqual([1, 1]);
  });
  it('are the median where a report is missing, too new or too old', () => {
    const reports = [
      report(10, 10_000, 0),
      report(30, 20_000, 180_000),
      report(50, 20_000, 0),
      undefined,
      report(9, 5_000, 0),
      report(9, 500_000, 180_001),
    ];
    expect(weighByReports(reports, policy, now)).toEqual([10, 30, 50, 30, 30, 30]);
  });
});

import { Headers } from '@tulle/decision/headers';
import { encode } from '@tulle/xds/wire';
import { expect, it } from 'vitest';
import { readLoadReport } from './load-report.ts';

const binary = Buffer.from(
  encode('xds.data.orca.v3.OrcaLoadReport', {
    rpsFractional: 12.5,
    applicationUtilization: 0.25,
    namedMetrics: new Map([['queue', 0.5]]),
  }),
).toString('base64');
const expected = {
  rpsFractional: 12.5,
  applicationUtilization: 0.25,
  namedMetrics: new Map([['queue', 0.5]]),
};

function read(name: string, value: string) {
  const headers = new Headers();
  headers.set(name, value);
  return readLoadReport(headers);
}

it.each([
  ['endpoint-load-metrics-bin', binary],
  ['endpoint-load-metrics', `BIN ${binary}`],
  [
    'endpoint-load-metrics',
    'TEXT rps_fractional=12.5,application_utilization=0.25,named_metrics.queue=0.5,other=1',
  ],
  [
    'endpoint-load-metrics',
    'JSON {"rps_fractional": 12.5, "applicationUtilization": 0.25, "named_metrics": {"queue": 0.5}, "x": 1}',
  ],
])('%s: %s', (name, value) => {
  expect(read(name, value)).toMatchObject(expected);
});

it.each([
  ['endpoint-load-metrics-bin', 'AQ=='],
  ['endpoint-load-metrics', 'rps_fractional=1'],
  ['endpoint-load-metrics', 'TEXT rps_fractional=a'],
  ['endpoint-load-metrics', 'TEXT rps_fractional'],
  ['endpoint-load-metrics', 'JSON {'],
  ['endpoint-load-metrics', 'JSON 1'],
  ['endpoint-load-metrics', `TEXT rps_fractional=${'1'.repeat(9_000)}`],
  ['x-other', 'TEXT rps_fractional=1'],
])('is none: %s: %s', (name, value) => {
  expect(read(name, value)).toBeUndefined();
});

import { expect, test } from 'vitest';
import { formatProblem } from '../problem.ts';
import { validateResource } from '../validate.ts';

const problems = (spec: unknown): string[] =>
  validateResource({
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'HealthCheckPolicy',
    metadata: { name: 'a' },
    spec,
  }).problems.map(formatProblem);

test.each([
  { host: 'reviews', tcp: {} },
  { host: '*.example.com', subset: 'v1', port: { number: 80 }, grpc: { service: 'a.B' } },
  { host: 'reviews', http: { path: '/', expectedStatuses: [200, '204', '300-399'] }, initialJitter: '0s' },
  { host: 'reviews', tcp: { send: { binary: 'AAE=' }, receive: [{ text: 'ok' }] }, interval: '250ms' },
])('%j is fine', (spec) => {
  expect(problems(spec)).toEqual([]);
});

test.each<[unknown, string]>([
  [{ host: 'reviews' }, 'spec: must say what to ask: http, tcp or grpc'],
  [{ host: 'reviews', tcp: {}, grpc: {} }, 'spec.grpc: conflicts with tcp'],
  [{ host: 'a b', tcp: {} }, 'spec.host: must be a host name'],
  [{ host: 'a', http: { path: 'health' } }, 'spec.http.path: must begin with /'],
  [
    { host: 'a', http: { path: '/', expectedStatuses: ['2xx'] } },
    'spec.http.expectedStatuses[0]: must be a status',
  ],
  [{ host: 'a', http: { path: '/', expectedStatuses: ['299-200'] } }, 'must be a status'],
  [
    { host: 'a', http: { path: '/', headers: [{ name: 'x', value: '%REQ%' }] } },
    'must be plain text without %',
  ],
  [
    { host: 'a', http: { path: '/', method: 'HEAD', expectedResponse: { text: 'ok' } } },
    'spec.http.expectedResponse: never comes',
  ],
  [{ host: 'a', tcp: { send: {} } }, 'spec.tcp.send: must have text or binary'],
  [{ host: 'a', tcp: {}, unhealthyThreshold: 0 }, 'spec.unhealthyThreshold'],
])('%j is refused: %s', (spec, reason) => {
  expect(problems(spec).join('\n')).toContain(reason);
});

import { Headers } from '@tulle/decision/headers';
import { expect, test } from 'vitest';
import { retry } from '../testing/tables.ts';
import { askedRetries } from './asked-retries.ts';

const route = retry({ retries: 2, on: new Set(['reset']), statuses: new Set([418]) });

test.each([
  ['nothing', route, {}, route],
  ['nothing, of nothing', undefined, {}, undefined],
  [
    'conditions beside the route’s',
    route,
    { 'x-envoy-retry-on': '5xx, retriable-status-codes', 'x-envoy-retriable-status-codes': '425,x' },
    { ...route, on: new Set(['reset', '5xx', 'retriable-status-codes']), statuses: new Set([418, 425]) },
  ],
  ['a number', route, { 'x-envoy-max-retries': '5' }, { ...route, retries: 5 }],
  ['none at all', route, { 'x-envoy-max-retries': '0' }, { ...route, retries: 0 }],
  ['a number of retries for no reason', undefined, { 'x-envoy-max-retries': '5' }, undefined],
  ['what is no condition', undefined, { 'x-envoy-retry-on': 'fun' }, undefined],
] as const)('a request asks for %s', (_, policy, fields, expected) => {
  const headers = Headers.of({ ...fields, host: 'a' });
  expect(askedRetries(policy, headers)).toEqual(expected);
  expect(headers.size).toBe(1);
});

test('without a policy of the route Envoy’s numbers hold', () => {
  const asked = askedRetries(undefined, Headers.of({ 'x-envoy-retry-grpc-on': 'unavailable' }));
  expect(asked).toMatchObject({ retries: 1, on: new Set(['unavailable']), backoffBaseMs: 25 });
});

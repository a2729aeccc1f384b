import { Headers } from '@tulle/decision/headers';
import { expect, test } from 'vitest';
import { forward, retry } from '../testing/tables.ts';
import { tellDeadline, timeoutOf, tryTimeoutOf } from './deadline.ts';

const call = (timeout?: string): Headers =>
  Headers.of({
    'content-type': 'application/grpc',
    ...(timeout === undefined ? {} : { 'grpc-timeout': timeout }),
  });

// Envoy, route.v3.RouteAction.max_grpc_timeout.
test.each([
  ['a request that is no call', undefined, 3_000, new Headers(), 5_000],
  ['a route that does not look', undefined, undefined, call('1S'), 5_000],
  ['its own deadline', '1S', 3_000, call('1S'), 1_000],
  ['its own, beyond the route’s limit', '9S', 3_000, call('9S'), 3_000],
  ['none of its own', undefined, 3_000, call(), 3_000],
  ['what is none', 'soon', 3_000, call('soon'), 3_000],
  ['its own, without a limit', '9S', 0, call('9S'), 9_000],
  ['none at all', undefined, 0, call(), 0],
])('%s', (_, __, maxGrpcTimeoutMs, headers, expected) => {
  const action = forward('a', {
    timeoutMs: 5_000,
    ...(maxGrpcTimeoutMs === undefined ? {} : { maxGrpcTimeoutMs }),
  });
  expect(timeoutOf(action, headers)).toBe(expected);
});

test.each([
  [0, undefined, undefined, undefined],
  [1_200.5, undefined, '1201', '1201m'],
  [0, 300, '300', '300m'],
  [100, 300, '100', '100m'],
])('with %s ms left and tries of %s ms the upstream is told', (left, tryMs, expected, grpc) => {
  const headers = call();
  const policy = tryMs === undefined ? undefined : retry({ perTryTimeoutMs: tryMs });
  tellDeadline(headers, left, forward('a', { maxGrpcTimeoutMs: 0 }), tryTimeoutOf(policy, headers, left));
  expect([headers.get('x-envoy-expected-rq-timeout-ms'), headers.get('grpc-timeout')]).toEqual([
    expected,
    grpc,
  ]);
});

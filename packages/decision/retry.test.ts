import { describe, expect, it } from 'vitest';
import { Headers } from './headers.ts';
import { retryBackoff, retryOnFailure, retryOnResponse } from './retry.ts';
import type { RetryCondition, RetryPolicy } from './tables/retry-policy.ts';

const policy = (...on: RetryCondition[]): RetryPolicy => ({
  retries: 2,
  on: new Set(on),
  statuses: new Set([418]),
  perTryTimeoutMs: 0,
  backoffBaseMs: 25,
  backoffMaxMs: 250,
  avoidPreviousHosts: false,
  hostSelectionAttempts: 1,
});
const plain = new Headers();

describe('retryOnResponse', () => {
  it.each([
    ['5xx', 500, plain, true],
    ['5xx', 499, plain, false],
    ['gateway-error', 500, plain, false],
    ['gateway-error', 503, plain, true],
    ['retriable-4xx', 409, plain, true],
    ['retriable-status-codes', 418, plain, true],
    ['retriable-status-codes', 503, plain, false],
    ['unavailable', 200, Headers.of({ 'grpc-status': '14' }), true],
    ['unavailable', 200, Headers.of({ 'grpc-status': '13' }), false],
    ['5xx', 503, Headers.of({ 'x-envoy-ratelimited': 'true' }), false],
    ['envoy-ratelimited', 429, Headers.of({ 'x-envoy-ratelimited': 'true' }), true],
  ] as const)('%s %i', (on, status, headers, expected) =>
    expect(retryOnResponse(policy(on), status, headers).retry).toBe(expected),
  );
});

describe('retryOnFailure', () => {
  it.each([
    ['5xx', 'reset', true, true],
    ['5xx', 'overflow', false, false],
    ['gateway-error', 'per-try-timeout', true, true],
    ['reset', 'reset', true, true],
    ['reset-before-request', 'reset', true, false],
    ['reset-before-request', 'connect-failure', false, true],
    ['connect-failure', 'connect-failure', false, true],
    ['connect-failure', 'reset', true, false],
    ['refused-stream', 'refused-stream', true, true],
  ] as const)('%s %s', (on, failure, sent, expected) =>
    expect(retryOnFailure(policy(on), failure, sent).retry).toBe(expected),
  );
});

describe('retryBackoff', () => {
  it('doubles up to the maximum, jittered from 0', () => {
    expect([1, 2, 3, 4, 5, 9].map((attempt) => retryBackoff(policy(), attempt, () => 0.999999))).toEqual([
      24, 49, 99, 199, 249, 249,
    ]);
    expect(retryBackoff(policy(), 5, () => 0)).toBe(0);
  });
});

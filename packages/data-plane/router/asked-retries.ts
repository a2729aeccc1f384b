import type { Headers } from '@tulle/decision/headers';
import { isRetryCondition } from '@tulle/decision/retry';
import type { RetryCondition, RetryPolicy } from '@tulle/decision/tables/retry-policy';

const on = 'x-envoy-retry-on';
const grpcOn = 'x-envoy-retry-grpc-on';
const most = 'x-envoy-max-retries';
const statuses = 'x-envoy-retriable-status-codes';

/** Envoy's, of a request whose route has no policy. */
const none: RetryPolicy = {
  retries: 1,
  on: new Set(),
  statuses: new Set(),
  perTryTimeoutMs: 0,
  backoffBaseMs: 25,
  backoffMaxMs: 250,
  avoidPreviousHosts: false,
  hostSelectionAttempts: 1,
};

/**
 * The route's policy with what the request asks for besides (Envoy, router filter, "HTTP headers (consumed)"): conditions
 * and statuses are added to the route's, `x-envoy-max-retries` takes the place of its number where there is any
 * condition. At an edge the fields of clients from outside are gone by now. What is said for us goes no further.
 */
export function askedRetries(policy: RetryPolicy | undefined, headers: Headers): RetryPolicy | undefined {
  const asks = headers.has(on) || headers.has(grpcOn) || headers.has(most) || headers.has(statuses);
  if (!asks) return policy;
  const { retries, ...route } = policy ?? none;
  const conditions = [...words(headers, on), ...words(headers, grpcOn)].filter(isRetryCondition);
  const asked = { ...route, on: new Set<RetryCondition>([...route.on, ...conditions]) };
  const codes = words(headers, statuses).filter((word) => /^\d{3}$/.test(word));
  const number = words(headers, most)[0] ?? '';
  if (asked.on.size === 0) return policy;
  return {
    ...asked,
    retries: /^\d{1,9}$/.test(number) ? Number(number) : Math.max(1, retries),
    statuses: new Set([...route.statuses, ...codes.map(Number)]),
  };
}

function words(headers: Headers, name: string): string[] {
  const said = headers.joined(name);
  if (said === undefined) return [];
  headers.remove(name);
  return said
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

import type { Headers } from './headers.ts';
import type { Random } from './match.ts';
import type { RetryCondition, RetryPolicy } from './tables/retry-policy.ts';

/** Every condition that a policy or a request may name. */
const conditions: ReadonlySet<string> = new Set<RetryCondition>([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'envoy-ratelimited',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]);

export const isRetryCondition = (name: string): name is RetryCondition => conditions.has(name);

/** Why an attempt ended without a response. */
export type AttemptFailure =
  | 'connect-failure'
  /** The connection broke, or the peer reset. */
  | 'reset'
  | 'refused-stream'
  | 'per-try-timeout'
  /** A circuit breaker said no: never retried. */
  | 'overflow';

export interface RetryVerdict {
  readonly retry: boolean;
  /** The condition that asked for a retry, or why there is none. */
  readonly reason: string;
}

const no = (reason: string): RetryVerdict => ({ retry: false, reason });
const yes = (reason: RetryCondition): RetryVerdict => ({ retry: true, reason });

const grpcConditions: Readonly<Record<string, RetryCondition>> = {
  1: 'cancelled',
  4: 'deadline-exceeded',
  8: 'resource-exhausted',
  13: 'internal',
  14: 'unavailable',
};

/** Should a response be thrown away and the request tried again? Envoy's retry_on table. */
export function retryOnResponse(policy: RetryPolicy, status: number, headers: Headers): RetryVerdict {
  const { on } = policy;
  // A rate-limited request is retried only where that is asked for by name.
  if (headers.has('x-envoy-ratelimited'))
    return on.has('envoy-ratelimited') ? yes('envoy-ratelimited') : no('rate limited');
  if (on.has('5xx') && status >= 500 && status < 600) return yes('5xx');
  if (on.has('gateway-error') && (status === 502 || status === 503 || status === 504))
    return yes('gateway-error');
  if (on.has('retriable-4xx') && status === 409) return yes('retriable-4xx');
  if (on.has('retriable-status-codes') && policy.statuses.has(status)) return yes('retriable-status-codes');
  const grpcStatus = headers.get('grpc-status');
  const condition = grpcStatus === undefined ? undefined : grpcConditions[grpcStatus];
  if (condition !== undefined && on.has(condition)) return yes(condition);
  return no(`no condition for status ${status}`);
}

/** Should an attempt that ended without a response be made again? */
export function retryOnFailure(
  policy: RetryPolicy,
  failure: AttemptFailure,
  requestSent: boolean,
): RetryVerdict {
  const { on } = policy;
  if (failure === 'overflow') return no('overflow');
  if (on.has('5xx')) return yes('5xx');
  if (on.has('gateway-error')) return yes('gateway-error');
  if (on.has('reset')) return yes('reset');
  if (on.has('reset-before-request') && !requestSent && failure !== 'per-try-timeout')
    return yes('reset-before-request');
  if (on.has('connect-failure') && failure === 'connect-failure') return yes('connect-failure');
  if (on.has('refused-stream') && failure === 'refused-stream') return yes('refused-stream');
  return no(`no condition for ${failure}`);
}

/**
 * Milliseconds before the `attempt`th retry (1 is the first): uniform below a bound that doubles from the
 * base to the maximum (Envoy's fully jittered exponential back-off).
 */
export function retryBackoff(policy: RetryPolicy, attempt: number, random: Random): number {
  const bound = Math.min(policy.backoffMaxMs, policy.backoffBaseMs * 2 ** (attempt - 1));
  return Math.floor(random() * bound);
}

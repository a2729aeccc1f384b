import { formatGrpcTimeout, parseGrpcTimeout } from '@tulle/decision/grpc-timeout';
import type { Headers } from '@tulle/decision/headers';
import type { RetryPolicy } from '@tulle/decision/tables/retry-policy';
import type { ForwardAction } from '@tulle/decision/tables/route-action';
import { isGrpc } from '../http/grpc.ts';

/**
 * Milliseconds from a request's end to its answer's; 0: any. A gRPC call says itself how long it waits, within
 * the route's limit (Envoy: max_grpc_timeout).
 */
export function timeoutOf({ timeoutMs, maxGrpcTimeoutMs: most }: ForwardAction, headers: Headers): number {
  if (most === undefined || !isGrpc(headers)) return timeoutMs;
  const own = parseGrpcTimeout(headers.get('grpc-timeout') ?? '') ?? 0;
  return most > 0 && (own === 0 || own > most) ? most : own;
}

/** Tells the upstream how long the client still waits; `leftMs` 0: any time. */
export function tellDeadline(
  headers: Headers,
  leftMs: number,
  action: ForwardAction,
  policy: RetryPolicy | undefined,
): void {
  const tryMs = policy?.perTryTimeoutMs ?? 0;
  const expectedMs = tryMs > 0 && (leftMs === 0 || tryMs < leftMs) ? tryMs : leftMs;
  if (expectedMs === 0) return;
  headers.set('x-envoy-expected-rq-timeout-ms', String(Math.ceil(expectedMs)));
  if (action.maxGrpcTimeoutMs !== undefined && isGrpc(headers))
    headers.set('grpc-timeout', formatGrpcTimeout(expectedMs));
}

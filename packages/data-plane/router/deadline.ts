import { formatGrpcTimeout, parseGrpcTimeout } from '@tulle/decision/grpc-timeout';
import type { Headers } from '@tulle/decision/headers';
import type { RetryPolicy } from '@tulle/decision/tables/retry-policy';
import type { ForwardAction } from '@tulle/decision/tables/route-action';
import { isGrpc } from '../http/grpc.ts';

const wholeHeader = 'x-envoy-upstream-rq-timeout-ms';
const tryHeader = 'x-envoy-upstream-rq-per-try-timeout-ms';
const hedgeHeader = 'x-envoy-hedge-on-per-try-timeout';

/**
 * Milliseconds from a request's end to its answer's; 0: any. The client may say it (Envoy; at an edge clients from
 * outside are not believed, their field is gone by now); a gRPC call says itself how long it waits, within the route's
 * limit (max_grpc_timeout). What is said for us goes no further.
 */
export function timeoutOf({ timeoutMs, maxGrpcTimeoutMs: most }: ForwardAction, headers: Headers): number {
  const said = takeNumber(headers, wholeHeader);
  if (said !== undefined) return said;
  if (most === undefined || !isGrpc(headers)) return timeoutMs;
  const own = parseGrpcTimeout(headers.get('grpc-timeout') ?? '') ?? 0;
  return most > 0 && (own === 0 || own > most) ? most : own;
}

/** Milliseconds for each attempt; 0: any. One that is no shorter than the whole has no meaning (Envoy). */
export function tryTimeoutOf(policy: RetryPolicy | undefined, headers: Headers, wholeMs: number): number {
  const tryMs = takeNumber(headers, tryHeader) ?? policy?.perTryTimeoutMs ?? 0;
  return wholeMs > 0 && tryMs >= wholeMs ? 0 : tryMs;
}

/** Whether an attempt that is late goes on beside the next one. */
export function hedgesOf(action: ForwardAction, headers: Headers): boolean {
  const said = headers.get(hedgeHeader);
  if (said === undefined) return action.hedge === true;
  headers.remove(hedgeHeader);
  return said === 'true';
}

function takeNumber(headers: Headers, name: string): number | undefined {
  const said = headers.get(name);
  if (said === undefined) return undefined;
  headers.remove(name);
  return /^\d{1,10}$/.test(said) ? Number(said) : undefined;
}

/** Tells the upstream how long the client still waits. @param tryMs for this attempt alone; 0: any time, as `leftMs` */
export function tellDeadline(headers: Headers, leftMs: number, action: ForwardAction, tryMs: number): void {
  const expectedMs = tryMs > 0 && (leftMs === 0 || tryMs < leftMs) ? tryMs : leftMs;
  if (expectedMs === 0) return;
  headers.set('x-envoy-expected-rq-timeout-ms', String(Math.ceil(expectedMs)));
  if (action.maxGrpcTimeoutMs !== undefined && isGrpc(headers))
    headers.set('grpc-timeout', formatGrpcTimeout(expectedMs));
}

import type { HttpManager } from '@tulle/decision/tables/http-manager';
import { defaultHttp1Limits, type Http1Limits } from '../http1/limits.ts';
import { type Http2Limits, limitsOf } from '../http2/limits.ts';

export interface CodecLimits {
  readonly http1: Http1Limits;
  readonly http2: Http2Limits;
}

const known = new WeakMap<HttpManager, CodecLimits>();

/** What clients of a manager may take; made once for all its connections. */
export function codecLimits(config: HttpManager): CodecLimits {
  let limits = known.get(config);
  if (limits === undefined) {
    limits = makeLimits(config);
    known.set(config, limits);
  }
  return limits;
}

function makeLimits({
  maxRequestHeadersBytes: headBytes,
  requestHeadersTimeoutMs: headMs,
  streamIdleTimeoutMs: idleMs,
  idleTimeoutMs,
  http2,
}: HttpManager): CodecLimits {
  const flushMs = idleMs > 0 ? { flushTimeoutMs: idleMs, stallTimeoutMs: idleMs } : {};
  const common = { ...(headMs > 0 ? { headTimeoutMs: headMs } : {}), ...flushMs, idleTimeoutMs };
  return {
    http1: { ...defaultHttp1Limits, ...common, ...(headBytes > 0 ? { maxHeadBytes: headBytes } : {}) },
    http2: limitsOf(http2, { ...common, ...(headBytes > 0 ? { maxHeaderListBytes: headBytes } : {}) }),
  };
}

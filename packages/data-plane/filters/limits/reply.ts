import type { Headers } from '@tulle/decision/headers';
import type { Budget } from '@tulle/decision/limits/budgets';
import type { LimitReply } from '@tulle/decision/tables/rate-limit';
import type { LocalReply } from '../../http/local-reply.ts';
import { substitutions } from '../../http/substitutions.ts';
import type { FilterStream } from '../filter.ts';

/** gRPC status codes. */
const resourceExhausted = 8;
const unavailable = 14;

const seconds = (ms: number): number => Math.ceil(ms / 1_000);

/** What a request above its limit is told. @param waitMs until one more is allowed */
export function refusal(
  reply: LimitReply,
  details: string,
  waitMs: number,
  stream: FilterStream,
): LocalReply {
  const headers: Record<string, string> = {};
  const { add, set } = reply.responseHeaders;
  for (const { name, value, render } of [...add, ...set])
    headers[name] = render?.(substitutions(stream.request, stream.info)) ?? value;
  if (reply.retryAfter) headers['retry-after'] = String(Math.max(1, seconds(waitMs)));
  return {
    status: reply.status,
    body: details,
    details,
    flag: 'RL',
    headers,
    grpcStatus: reply.resourceExhausted ? resourceExhausted : unavailable,
  };
}

/** Envoy's DRAFT_VERSION_03: the fields of draft-ietf-httpapi-ratelimit-headers-03, each with `x-` before it. */
export function addLimitHeaders(headers: Headers, budget: Budget, now: number): void {
  headers.add('x-ratelimit-limit', String(budget.maxTokens));
  headers.add('x-ratelimit-remaining', String(budget.left(now)));
  headers.add('x-ratelimit-reset', String(seconds(budget.wait(now))));
}

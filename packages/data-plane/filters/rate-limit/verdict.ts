import type { Headers } from '@tulle/decision/headers';
import type { Due } from '@tulle/decision/limits/budgets';
import type { Descriptor } from '@tulle/decision/limits/descriptor';
import { decode, type ratelimit_RateLimitResponse_DescriptorStatus, WireError } from '@tulle/xds/wire';

interface Field {
  readonly key: string;
  readonly value: string;
}

/** What the service said of one request. */
export interface Verdict {
  readonly overLimit: boolean;
  readonly statuses: readonly LimitStatus[];
  /** The limit with the least left. */
  readonly told: Due | undefined;
  readonly responseHeaders: readonly Field[];
  readonly requestHeaders: readonly Field[];
}

/** Of a descriptor that the service has a limit for. */
export interface LimitStatus {
  readonly requests: number;
  readonly windowSeconds: number;
  readonly name: string;
  readonly remaining: number;
  readonly resetMs: number;
}

/** Undefined: no answer that can be read, or none that says anything. */
export function readVerdict(answer: Uint8Array, descriptors: readonly Descriptor[]): Verdict | undefined {
  try {
    const { overallCode, statuses, responseHeadersToAdd, requestHeadersToAdd } = decode(
      'envoy.service.ratelimit.v3.RateLimitResponse',
      answer,
    );
    if (overallCode === 'UNKNOWN') return undefined;
    const limits = statuses.map(statusOf);
    const least = limits.reduce<number>((best, one, at) => {
      if (one === undefined) return best;
      return one.remaining < (limits[best]?.remaining ?? Number.POSITIVE_INFINITY) ? at : best;
    }, -1);
    return {
      overLimit: overallCode === 'OVER_LIMIT',
      statuses: limits.flatMap((limit) => limit ?? []),
      told: toldOf(limits[least], descriptors[least]),
      responseHeaders: responseHeadersToAdd,
      requestHeaders: requestHeadersToAdd,
    };
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

const seconds = {
  UNKNOWN: 0,
  SECOND: 1,
  MINUTE: 60,
  HOUR: 3_600,
  DAY: 86_400,
  WEEK: 7 * 86_400,
  MONTH: 30 * 86_400,
  YEAR: 365 * 86_400,
} as const;

function statusOf({
  currentLimit,
  limitRemaining,
  durationUntilReset,
}: ratelimit_RateLimitResponse_DescriptorStatus): LimitStatus | undefined {
  if (currentLimit === undefined) return undefined;
  const { requestsPerUnit, unit, unitMultiplier = 1, name } = currentLimit;
  const { seconds: whole = 0, nanos = 0 } = durationUntilReset ?? {};
  return {
    requests: requestsPerUnit,
    windowSeconds: seconds[unit] * unitMultiplier,
    name,
    remaining: limitRemaining,
    resetMs: whole * 1_000 + nanos / 1e6,
  };
}

/** For those who tell clients of limits, whoever counts. */
function toldOf(status: LimitStatus | undefined, descriptor: Descriptor | undefined): Due | undefined {
  if (status === undefined) return undefined;
  const { requests, windowSeconds, remaining, resetMs } = status;
  return {
    limit: descriptor?.[1] ?? '',
    budget: {
      maxTokens: requests,
      rate: requests / (windowSeconds * 1_000),
      take: () => false,
      left: () => remaining,
      wait: () => resetMs,
    },
  };
}

/** Envoy's DRAFT_VERSION_03 of a service's word: the tightest limit, then all of them with their windows. */
export function addStatusHeaders(headers: Headers, { statuses, told }: Verdict): void {
  if (told === undefined) return;
  const listed = statuses.map(
    ({ requests, windowSeconds, name }) =>
      `, ${requests};w=${windowSeconds}${name === '' ? '' : `;name="${name}"`}`,
  );
  headers.add('x-ratelimit-limit', `${told.budget.maxTokens}${listed.join('')}`);
  headers.add('x-ratelimit-remaining', String(told.budget.left(0)));
  headers.add('x-ratelimit-reset', String(Math.ceil(told.budget.wait(0) / 1_000)));
}

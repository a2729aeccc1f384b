import { type Counters, windowAt } from './counters.ts';
import { type DescriptorEntry, quotaOf } from './quota.ts';

/** Of one descriptor. */
export interface LimitStatus {
  readonly overLimit: boolean;
  /** Undefined: there is no limit for it. */
  readonly limit?: {
    readonly name: string;
    readonly requests: number;
    readonly windowSeconds: number;
    readonly remaining: number;
    readonly resetMs: number;
  };
}

/** More than a proxy has limits for one request. */
const mostDescriptors = 1_000;

/** Decides one ShouldRateLimit request. @throws Error when the counters can't say, or for a request of no sound proxy */
export async function shouldRateLimit(
  counters: Counters,
  domain: string,
  descriptors: readonly (readonly DescriptorEntry[])[],
  hits: number,
  now: number,
): Promise<readonly LimitStatus[]> {
  if (descriptors.length > mostDescriptors) throw new Error(`more than ${mostDescriptors} descriptors`);
  const quotas = descriptors.map((entries) => quotaOf(domain, entries));
  const limited = quotas.flatMap((quota) => quota ?? []);
  const counts = limited.length === 0 ? [] : await counters.add(limited, hits, now);
  let at = 0;
  return quotas.map((quota) => {
    if (quota === undefined) return { overLimit: false };
    const count = counts[at++] ?? 0;
    const { name, requests, windowSeconds } = quota;
    return {
      overLimit: count > requests,
      limit: {
        name,
        requests,
        windowSeconds,
        remaining: Math.max(0, requests - count),
        resetMs: windowAt(quota, now).end - now,
      },
    };
  });
}

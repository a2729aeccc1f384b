import type { Headers } from '@tulle/decision/headers';
import type { Due } from '@tulle/decision/limits/budgets';
import type { JsonObject } from '@tulle/xds/json';
import { FilterStatus, type HttpFilter } from '../filter.ts';
import type { FilterKind } from '../filter-kind.ts';

/** One limit of a policy, as the drafts describe it. */
interface QuotaPolicy {
  /** As the rate limit filter calls it. */
  readonly limit: string;
  readonly name: string;
  readonly quota: number;
  /** Seconds. */
  readonly window: number;
}

interface Config {
  /** `draft-03`: a field per number; `structured`: RFC 9651 lists. */
  readonly form: 'draft-03' | 'structured';
  readonly limits: readonly QuotaPolicy[];
}

const envoyFields = ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'] as const;

export const rateLimitFieldsFilter: FilterKind = {
  typeUrl: 'type.googleapis.com/tulle.dev.RateLimitFields',
  create(json, { wheel }) {
    const { form, limits } = readConfig(json as JsonObject | undefined);
    const policies = new Map(limits.map((policy) => [policy.limit, policy]));
    const listed = limits.map(({ name, quota, window }) => `"${name}";q=${quota};w=${window}`).join(', ');
    const write = (headers: Headers, { limit, budget }: Due): void => {
      const now = wheel.now();
      const left = budget.left(now);
      const reset = Math.ceil(budget.wait(now) / 1_000);
      const policy = policies.get(limit);
      if (form === 'draft-03') {
        headers.set('ratelimit-limit', String(budget.maxTokens));
        headers.set('ratelimit-remaining', String(left));
        headers.set('ratelimit-reset', String(reset));
      } else if (policy !== undefined) {
        headers.set('ratelimit-policy', listed);
        headers.set('ratelimit', `"${policy.name}";r=${left};t=${reset}`);
      }
    };
    const filter: HttpFilter = {
      encodeHeaders({ headers }, _end, { info }) {
        const told = info.rateLimit;
        if (told === undefined || !policies.has(told.limit)) return FilterStatus.Continue;
        for (const name of envoyFields) headers.remove(name);
        write(headers, told);
        return FilterStatus.Continue;
      },
    };
    return filter;
  },
};

/** @throws Error for what our control plane does not send */
function readConfig(json: JsonObject = {}): Config {
  const { form = 'structured', limits = [] } = json as Partial<Config>;
  if (form !== 'draft-03' && form !== 'structured') throw new Error(`no form ${String(form)}`);
  if (!Array.isArray(limits)) throw new Error('limits must be a list');
  return { form, limits };
}

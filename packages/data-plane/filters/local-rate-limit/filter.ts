import { Budgets, type Due } from '@tulle/decision/limits/budgets';
import { TokenBucket } from '@tulle/decision/limits/token-bucket';
import { mutateHeaders } from '@tulle/decision/rewrite';
import type { LocalRateLimit } from '@tulle/decision/tables/rate-limit';
import { substitutions } from '../../http/substitutions.ts';
import type { LocalLimitCounters } from '../../limits/limit-metrics.ts';
import { FilterStatus, type FilterStream, type HttpFilter, type Resume } from '../filter.ts';
import type { FilterEnvironment, FilterKind } from '../filter-kind.ts';
import { countedRequest, rulesFor } from '../limits/counted.ts';
import { addLimitHeaders, refusal } from '../limits/reply.ts';
import { describeLimit } from './describe.ts';

const everything = 1_000_000;

/** One request on its way through a limit. */
interface State {
  /** Takes back a question that waits for its answer. */
  cancel: (() => void) | undefined;
}

export const localRateLimitFilter: FilterKind = {
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
  create(config, environment) {
    const limit = config as LocalRateLimit;
    // Envoy's default: it is there, and looks at no request.
    if (limit.enabled === 0) return {};
    const limiter = new LocalRateLimiter(limit, environment);
    const filter: HttpFilter<State> = {
      start: () => ({ cancel: undefined }),
      decodeHeaders: (_head, _end, stream, state) => limiter.decide(stream, state),
      destroy: (_stream, state) => state.cancel?.(),
    };
    if (limit.rateLimitHeaders)
      filter.encodeHeaders = ({ headers }, _end, { info }) => {
        if (info.rateLimit !== undefined)
          addLimitHeaders(headers, info.rateLimit.budget, environment.wheel.now());
        return FilterStatus.Continue;
      };
    return filter as HttpFilter;
  },
  describe: (config) => describeLimit(config as LocalRateLimit),
};

class LocalRateLimiter {
  readonly #limit: LocalRateLimit;
  readonly #environment: FilterEnvironment;
  readonly #budgets: Budgets;
  readonly #counters: LocalLimitCounters;
  readonly #memo: string;

  constructor(limit: LocalRateLimit, environment: FilterEnvironment) {
    this.#limit = limit;
    this.#environment = environment;
    this.#budgets = environment.limits.budgets.of(limit);
    this.#counters = environment.limits.metrics.local(limit.name);
    this.#memo = `rate-limit ${limit.name}`;
  }

  decide(stream: FilterStream, state: State): FilterStatus {
    const limit = this.#limit;
    if (!this.#within(limit.enabled)) return FilterStatus.Continue;
    this.#counters.enabled();
    const due = this.#budgetsFor(stream).of(
      rulesFor(limit.rules, stream),
      limit.stage,
      countedRequest(stream),
    );
    if (limit.rateLimitHeaders) stream.info.rateLimit = due[0];
    return this.#take(due, 0, stream, state, undefined);
  }

  /** @param resume of a request that has waited for an answer */
  #take(
    due: readonly Due[],
    from: number,
    stream: FilterStream,
    state: State,
    resume: Resume | undefined,
  ): FilterStatus {
    const now = this.#environment.wheel.now();
    for (let at = from; at < due.length; at++) {
      const one = due[at] as Due;
      const { budget } = one;
      if (budget.take(now)) continue;
      let goOn = resume;
      state.cancel = budget.ask?.(now, (taken) => {
        state.cancel = undefined;
        if (taken) this.#take(due, at + 1, stream, state, goOn);
        else this.#exceeded(one, stream, goOn);
      });
      if (state.cancel === undefined) return this.#exceeded(one, stream, resume);
      goOn ??= stream.suspend();
      return FilterStatus.StopIteration;
    }
    this.#counters.ok();
    return goOnWith(resume);
  }

  #exceeded(due: Due, stream: FilterStream, resume: Resume | undefined): FilterStatus {
    const limit = this.#limit;
    if (limit.rateLimitHeaders) stream.info.rateLimit = due;
    this.#counters.rateLimited();
    if (!this.#within(limit.enforced)) {
      const { unenforcedHeaders } = limit;
      if (unenforcedHeaders.set.length + unenforcedHeaders.add.length > 0)
        mutateHeaders(stream.request.headers, unenforcedHeaders, substitutions(stream.request, stream.info));
      return goOnWith(resume);
    }
    this.#counters.enforced();
    const waitMs = due.budget.wait(this.#environment.wheel.now());
    return stream.reply(refusal(limit, 'local_rate_limited', waitMs, stream));
  }

  /** A connection's own, or the proxy's. */
  #budgetsFor({ info }: FilterStream): Budgets {
    if (!this.#limit.perConnection) return this.#budgets;
    const { memo } = info.connection;
    const known = memo.get(this.#memo) as Budgets | undefined;
    if (known !== undefined) return known;
    const { wheel } = this.#environment;
    const own = new Budgets(this.#limit, (_name, settings) => new TokenBucket(settings, wheel.now()));
    memo.set(this.#memo, own);
    return own;
  }

  #within(millionths: number): boolean {
    return millionths >= everything || this.#environment.random() * everything < millionths;
  }
}

function goOnWith(resume: Resume | undefined): FilterStatus {
  resume?.();
  return FilterStatus.Continue;
}

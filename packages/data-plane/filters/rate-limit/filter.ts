import { type Descriptor, descriptorOf } from '@tulle/decision/limits/descriptor';
import type { GlobalRateLimit } from '@tulle/decision/tables/rate-limit';
import { encode } from '@tulle/xds/wire';
import { FilterStatus, type FilterStream, type HttpFilter } from '../filter.ts';
import type { FilterEnvironment, FilterKind } from '../filter-kind.ts';
import { countedRequest, rulesFor } from '../limits/counted.ts';
import { refusal } from '../limits/reply.ts';
import { addStatusHeaders, readVerdict, type Verdict } from './verdict.ts';

const path = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit';
const everything = 1_000_000;

interface State {
  verdict: Verdict | undefined;
  /** Gives the question up. */
  cancel: (() => void) | undefined;
}

export const rateLimitFilter: FilterKind = {
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit',
  create(config, environment) {
    const limit = config as GlobalRateLimit;
    const filter: HttpFilter<State> = {
      start: () => ({ verdict: undefined, cancel: undefined }),
      decodeHeaders: (_head, _end, stream, state) => decide(limit, environment, stream, state),
      destroy: (_stream, state) => state.cancel?.(),
      encodeHeaders: ({ headers }, _end, _stream, { verdict }) => {
        if (verdict === undefined) return FilterStatus.Continue;
        for (const { key, value } of verdict.responseHeaders) headers.add(key.toLowerCase(), value);
        if (limit.rateLimitHeaders) addStatusHeaders(headers, verdict);
        return FilterStatus.Continue;
      },
    };
    return filter as HttpFilter;
  },
};

function decide(
  limit: GlobalRateLimit,
  environment: FilterEnvironment,
  stream: FilterStream,
  state: State,
): FilterStatus {
  const within = (millionths: number): boolean =>
    millionths >= everything || environment.random() * everything < millionths;
  if (!within(limit.enabled)) return FilterStatus.Continue;
  const descriptors = descriptorsOf(limit, stream);
  if (descriptors.length === 0) return FilterStatus.Continue;
  const request = encode('envoy.service.ratelimit.v3.RateLimitRequest', {
    domain: limit.domain,
    descriptors: descriptors.map((descriptor) => ({ entries: entriesOf(descriptor) })),
  });
  const resume = stream.suspend();
  state.cancel = environment.callCluster(limit.cluster, path, request, limit.timeoutMs, (answer) => {
    state.cancel = undefined;
    const verdict = answer === undefined ? undefined : readVerdict(answer, descriptors);
    if (verdict === undefined) {
      failed(limit, stream, resume);
      return;
    }
    state.verdict = verdict;
    stream.info.rateLimit = verdict.told;
    if (verdict.overLimit && within(limit.enforced)) {
      const reply = refusal(limit, 'request_rate_limited', verdict.told?.budget.wait(0) ?? 0, stream);
      const more = limit.saysRateLimited ? { 'x-envoy-ratelimited': 'true' } : {};
      stream.reply({ ...reply, body: '', headers: { ...more, ...reply.headers } });
      return;
    }
    for (const { key, value } of verdict.requestHeaders) stream.request.headers.set(key.toLowerCase(), value);
    resume();
  });
  return FilterStatus.StopIteration;
}

function failed(limit: GlobalRateLimit, stream: FilterStream, resume: () => void): void {
  if (limit.failureDeny)
    stream.reply({
      status: limit.statusOnError,
      body: '',
      details: 'rate_limiter_error',
      flag: 'RLSE',
    });
  else resume();
}

function descriptorsOf(limit: GlobalRateLimit, stream: FilterStream): Descriptor[] {
  const counted = countedRequest(stream);
  const found: Descriptor[] = [];
  for (const rule of rulesFor(limit.rules, stream)) {
    if (rule.stage !== limit.stage) continue;
    const descriptor = descriptorOf(rule, counted);
    if (descriptor !== undefined) found.push(descriptor);
  }
  return found;
}

function entriesOf(descriptor: Descriptor): { key: string; value: string }[] {
  const entries: { key: string; value: string }[] = [];
  for (let at = 0; at < descriptor.length; at += 2)
    entries.push({ key: descriptor[at] as string, value: descriptor[at + 1] as string });
  return entries;
}

import type { MessageInitShape } from '@bufbuild/protobuf';
import { parseDuration } from '@tulle/resources/schema/duration';
import type { RateLimitPolicySpec } from '@tulle/resources/tulle/limits/rate-limit-policy';
import { XRateLimitHeadersRFCVersion } from '@tulle/xds/gen/envoy/extensions/common/ratelimit/v3/ratelimit_pb.js';
import { LocalRateLimitSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.js';
import { RateLimitSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb.js';
import type { TokenBucketSchema } from '@tulle/xds/gen/envoy/type/v3/token_bucket_pb.js';
import type { LimitPolicy } from '../../../model/traffic/limits.ts';
import { duration } from '../../messages/duration.ts';
import { extension } from '../../messages/extension.ts';
import { fraction } from '../../messages/fraction.ts';
import { any } from '../../messages/serialize.ts';
import type { Engine } from '../../proxy.ts';
import { type HttpFilter, typedStruct } from '../http-filters.ts';
import { entriesOf, isGlobal, type LimitSpec, limitId, rateLimitRule } from './descriptors.ts';
import { globalRateLimit } from './global-rate-limit.ts';
import { headerOptions } from './header-options.ts';

type TokenBucket = MessageInitShape<typeof TokenBucketSchema>;
export type RateLimitPolicy = LimitPolicy<RateLimitPolicySpec>;

const defaultMaxValues = 10_000;

const rateLimitFilterName = ({ namespace, name }: RateLimitPolicy): string =>
  `tulle.rate-limit.${namespace}.${name}`;

/**
 * A policy as filters; one that is for routes counts what routes say (`route-limits.ts`), at its stage.
 *
 * @param hasService whether the service that it asks is known
 */
export function rateLimitFilters(
  policy: RateLimitPolicy,
  engine: Engine,
  stage: number,
  hasService: boolean,
): HttpFilter[] {
  const name = rateLimitFilterName(policy);
  const value = isGlobal(policy)
    ? any(RateLimitSchema, globalRateLimit(policy, stage, hasService))
    : any(LocalRateLimitSchema, localRateLimit(policy));
  const filter: HttpFilter = extension(name, value);
  const fields = engine === 'tulle' ? fieldsFilter(policy) : undefined;
  return fields === undefined ? [filter] : [fields, filter];
}

function localRateLimit(policy: RateLimitPolicy): MessageInitShape<typeof LocalRateLimitSchema> {
  const { spec, namespace, name, targets } = policy;
  const { mode, response = {}, enabled, enforced } = spec;
  return {
    statPrefix: `${namespace}.${name}`,
    status: { code: response.status ?? 429 },
    filterEnabled: { defaultValue: fraction(enabled?.value ?? 100) },
    filterEnforced: { defaultValue: fraction(mode === 'REPORT' ? 0 : (enforced?.value ?? 100)) },
    // Envoy's own filter says it only of the rate limit service's word.
    responseHeadersToAdd: headerOptions({ 'x-envoy-ratelimited': 'true', ...response.headers }),
    descriptors: spec.limits.flatMap((limit) => descriptors(policy, limit)),
    localRateLimitPerDownstreamConnection: spec.scope === 'CONNECTION',
    enableXRatelimitHeaders:
      (response.rateLimitHeaders ?? 'NONE') === 'NONE'
        ? XRateLimitHeadersRFCVersion.OFF
        : XRateLimitHeadersRFCVersion.DRAFT_VERSION_03,
    alwaysConsumeDefaultTokenBucket: false,
    rateLimitedAsResourceExhausted: response.grpcStatus === 'RESOURCE_EXHAUSTED',
    rateLimits: targets.length > 0 ? [] : spec.limits.map((limit) => rateLimitRule(policy, limit)),
    maxDynamicDescriptors: spec.maxValues ?? defaultMaxValues,
    enableRetryAfterHeader: response.retryAfter !== false,
  };
}

function descriptors(policy: RateLimitPolicy, limit: LimitSpec) {
  const { overrides = [] } = limit;
  return [
    ...overrides.map((override) => ({
      entries: entriesOf(policy, limit, override.values),
      tokenBucket: tokenBucket({ ...override, per: limit.per }),
    })),
    { entries: entriesOf(policy, limit), tokenBucket: tokenBucket(limit) },
  ];
}

function tokenBucket({ requests, burst, per }: Pick<LimitSpec, 'requests' | 'burst' | 'per'>): TokenBucket {
  const fillInterval = duration(per);
  return {
    maxTokens: burst ?? requests,
    tokensPerFill: requests,
    ...(fillInterval && { fillInterval }),
  };
}

/** What the IETF's drafts call the limits, for our engine. */
function fieldsFilter(policy: RateLimitPolicy): HttpFilter | undefined {
  const { response = {}, limits } = policy.spec;
  const form = { RATELIMIT_DRAFT_03: 'draft-03', RATELIMIT: 'structured' } as const;
  const wanted = response.rateLimitHeaders;
  if (wanted !== 'RATELIMIT' && wanted !== 'RATELIMIT_DRAFT_03') return undefined;
  return typedStruct(
    `${rateLimitFilterName(policy)}.fields`,
    'type.googleapis.com/tulle.dev.RateLimitFields',
    {
      form: form[wanted],
      limits: limits.map((limit) => ({
        limit: limitId(policy, limit),
        name: limit.name,
        quota: limit.requests,
        window: (parseDuration(limit.per) ?? 0) / 1000,
      })),
    },
  );
}

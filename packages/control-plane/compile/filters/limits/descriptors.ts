import type { MessageInitShape } from '@bufbuild/protobuf';
import { claimPath } from '@tulle/resources/istio/claim-path';
import { parseDuration } from '@tulle/resources/schema/duration';
import type { RateLimitPolicySpec } from '@tulle/resources/tulle/limits/rate-limit-policy';
import {
  type HeaderMatcherSchema,
  RateLimit_Action_MetaData_Source,
  type RateLimit_ActionSchema,
  type RateLimitSchema,
} from '@tulle/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { RateLimitDescriptor_EntrySchema } from '@tulle/xds/gen/envoy/extensions/common/ratelimit/v3/ratelimit_pb.js';
import type { StringMatch } from '../../../model/istio.ts';
import type { LimitPolicy } from '../../../model/traffic/limits.ts';
import { headerMatchers } from '../../routes/route-match.ts';
import { claimSegments } from '../tokens/claims.ts';
import { jwtFilterName } from '../tokens/names.ts';

export type RateLimit = MessageInitShape<typeof RateLimitSchema>;
type Action = NonNullable<MessageInitShape<typeof RateLimit_ActionSchema>['actionSpecifier']>;
type HeaderMatcher = MessageInitShape<typeof HeaderMatcherSchema>;
export type Entry = MessageInitShape<typeof RateLimitDescriptor_EntrySchema>;
export type LimitSpec = RateLimitPolicySpec['limits'][number];
type By = NonNullable<LimitSpec['by']>[number];

/** The entry that tells limits apart, of all policies. */
const limitKey = 'limit';
/** Unique in the mesh. */
export const limitId = ({ namespace, name }: LimitPolicy, limit: LimitSpec): string =>
  `${namespace}/${name}/${limit.name}`;

/** What a limit counts requests as: the limit itself, if the request is one that it counts, then its values. */
export function rateLimitRule(
  policy: LimitPolicy<RateLimitPolicySpec>,
  limit: LimitSpec,
  stage = 0,
): RateLimit {
  const value = limitId(policy, limit);
  const headers = matchHeaders(limit.match);
  const own: Action =
    headers.length === 0
      ? { case: 'genericKey', value: { descriptorKey: limitKey, descriptorValue: value } }
      : { case: 'headerValueMatch', value: { descriptorKey: limitKey, descriptorValue: value, headers } };
  const by = (limit.by ?? []).map((item, at): Action => valueAction(item, at));
  const quota = isGlobal(policy) ? [quotaAction(policy, limit)] : [];
  return {
    ...(stage > 0 && { stage }),
    actions: [own, ...quota, ...by].map((actionSpecifier) => ({ actionSpecifier })),
  };
}

/** The entries that the rule yields; `values` undefined: for any values. */
export function entriesOf(policy: LimitPolicy, limit: LimitSpec, values?: readonly string[]): Entry[] {
  const by = (limit.by ?? []).map((item, at): Entry => {
    const value = values?.[at];
    return { key: keyOf(item, at), value: value === undefined ? '' : valueText(item, value) };
  });
  return [{ key: limitKey, value: limitId(policy, limit) }, ...by];
}

/** Counted by the rate limit service for all proxies, not by each for itself. */
export const isGlobal = ({ spec }: LimitPolicy<RateLimitPolicySpec>): boolean => spec.scope === 'MESH';

/** Envoy's: 0 is for what proxies count by themselves. */
const lastStage = 10;

/**
 * Envoy's filter for the service asks for all that a route's requests are counted as: each policy for routes has a stage
 * of its own, so that filters ask for theirs alone. Undefined: there are too many. 0: the filter has its own rules.
 */
export function stageOf(
  ofRoutes: readonly LimitPolicy<RateLimitPolicySpec>[],
  policy: LimitPolicy<RateLimitPolicySpec>,
): number | undefined {
  if (!isGlobal(policy)) return 0;
  const stage = ofRoutes.filter(isGlobal).indexOf(policy) + 1;
  return stage <= lastStage ? stage : undefined;
}

/** What the rate limit service is told of the limit (decision 0013): it has no configuration of its own. */
function quotaAction(policy: LimitPolicy<RateLimitPolicySpec>, limit: LimitSpec): Action {
  const seconds = (parseDuration(limit.per) ?? 0) / 1_000;
  const overrides = (limit.overrides ?? []).map(({ values, requests }) => {
    const named = entriesOf(policy, limit, values).slice(1);
    return `\t${JSON.stringify(named.map(({ value }) => value))} ${requests}`;
  });
  const quota = `${limit.requests}/${seconds}${overrides.join('')}`;
  // `%` begins an operator of Envoy's.
  return {
    case: 'genericKey',
    value: { descriptorKey: 'quota', descriptorValue: quota.replaceAll('%', '%%') },
  };
}

const isWhole = ({ clientAddress }: By): boolean =>
  (clientAddress?.ipv4PrefixLength ?? 32) === 32 && (clientAddress?.ipv6PrefixLength ?? 128) === 128;

/** A value that a user has written, as `valueAction` yields it. */
function valueText({ clientAddress, jwtClaim }: By, value: string): string {
  if (jwtClaim !== undefined) return value || noClaim;
  return clientAddress === undefined ? `=${value}` : value;
}

/** What requests without the claim are counted as, together. */
const noClaim = '=';

/** Envoy has its own keys for addresses. */
function keyOf(item: By, at: number): string {
  if (item.clientAddress === undefined) return `by${at}`;
  return isWhole(item) ? 'remote_address' : 'masked_remote_address';
}

function valueAction(item: By, at: number): Action {
  if (item.clientAddress !== undefined) {
    if (isWhole(item)) return { case: 'remoteAddress', value: {} };
    const { ipv4PrefixLength = 32, ipv6PrefixLength = 128 } = item.clientAddress;
    return {
      case: 'maskedRemoteAddress',
      value: { v4PrefixMaskLen: ipv4PrefixLength, v6PrefixMaskLen: ipv6PrefixLength },
    };
  }
  if (item.jwtClaim !== undefined) {
    const path = claimSegments(claimPath(item.jwtClaim) ?? []).map(({ key }) => ({
      segment: { case: 'key' as const, value: key },
    }));
    return {
      case: 'metadata',
      value: {
        descriptorKey: keyOf(item, at),
        metadataKey: { key: jwtFilterName, path },
        defaultValue: noClaim,
        source: RateLimit_Action_MetaData_Source.DYNAMIC,
      },
    };
  }
  // With a fixed part the text is never empty: requests without the value are counted too, together.
  return {
    case: 'genericKey',
    value: { descriptorKey: keyOf(item, at), descriptorValue: `=${operator(item)}` },
  };
}

/** Envoy's operator for a value of the request. */
function operator({ header, identity, destination }: By): string {
  if (header !== undefined) return `%REQ(${header})%`;
  if (identity !== undefined) return '%DOWNSTREAM_PEER_URI_SAN%';
  if (destination !== undefined) return '%VIRTUAL_HOST_NAME%';
  return '%REQ(:METHOD)%';
}

function matchHeaders(match: LimitSpec['match'] = {}): HeaderMatcher[] {
  const { methods, path, host, headers, withoutHeaders } = match;
  const pseudo = (name: string, value: StringMatch | undefined): HeaderMatcher[] =>
    value === undefined ? [] : headerMatchers({ [name]: value });
  return [
    ...headerMatchers(headers, withoutHeaders),
    ...pseudo(':method', methods && { regex: methods.join('|') }),
    ...pseudo(':authority', host),
    ...pseudo(':path', path && beforeQuery(path)),
  ];
}

/** Envoy's `:path` has the query. */
function beforeQuery({ exact, prefix, regex }: StringMatch): StringMatch {
  if (prefix !== undefined) return { prefix };
  return { regex: `(?:${regex ?? quoted(exact ?? '')})(?:\\?.*)?` };
}

const quoted = (text: string): string => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');

import type { HttpFilterConfig } from '@tulle/decision/tables/http-manager';
import { bandwidthLimitFilter, ownBandwidthLimitFilter } from './bandwidth-limit/filter.ts';
import type { NamedFilter } from './chain.ts';
import { corsFilter } from './cors/filter.ts';
import { dynamicForwardProxyFilter } from './dynamic-forward-proxy/filter.ts';
import { faultFilter } from './fault/filter.ts';
import type { FilterEnvironment, FilterKind, FilterVariant } from './filter-kind.ts';
import { grpcStatsFilter } from './grpc-stats/filter.ts';
import { grpcWebFilter } from './grpc-web/filter.ts';
import { jwtAuthnFilter } from './jwt-authn/filter.ts';
import { localRateLimitFilter } from './local-rate-limit/filter.ts';
import { peerMetadataFilter } from './peer-metadata/filter.ts';
import { rateLimitFilter } from './rate-limit/filter.ts';
import { rateLimitFieldsFilter } from './rate-limit-fields/filter.ts';
import { routerFilter } from './router/filter.ts';
import { statsFilter } from './stats/filter.ts';

/** Every filter that this proxy has. */
export const filterKinds: readonly FilterKind[] = [
  dynamicForwardProxyFilter,
  grpcStatsFilter,
  grpcWebFilter,
  peerMetadataFilter,
  jwtAuthnFilter,
  faultFilter,
  corsFilter,
  localRateLimitFilter,
  rateLimitFilter,
  bandwidthLimitFilter,
  ownBandwidthLimitFilter,
  rateLimitFieldsFilter,
  statsFilter,
  routerFilter,
];

const byTypeUrl = new Map(filterKinds.map((kind) => [kind.typeUrl, kind]));

/** @throws Error for a filter that this proxy lacks, or a bad configuration */
export function createFilters(
  configs: readonly HttpFilterConfig[],
  environment: FilterEnvironment,
): NamedFilter[] {
  return configs.flatMap(({ name, typeUrl, config }) => {
    const kind = byTypeUrl.get(typeUrl);
    if (kind === undefined) throw new Error(`this proxy has no HTTP filter ${typeUrl} (${name})`);
    return kind.create === undefined ? [] : [{ name, filter: kind.create(config, environment) }];
  });
}

/** What a filter does by what came before a request, in words; undefined: nothing. */
export function describeFilter(typeUrl: string, config: unknown): string | undefined {
  return byTypeUrl.get(typeUrl)?.describe?.(config);
}

/** What a filter's configuration is a mixture of, where it draws lots. */
export function variantsOf(typeUrl: string, config: unknown): readonly FilterVariant[] | undefined {
  return byTypeUrl.get(typeUrl)?.variants?.(config);
}

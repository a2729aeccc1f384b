import type { MessageInitShape } from '@bufbuild/protobuf';
import { ApiVersion } from '@tulle/xds/gen/envoy/config/core/v3/config_source_pb.js';
import {
  RateLimit_XRateLimitHeadersRFCVersion as HeadersVersion,
  type RateLimitSchema,
} from '@tulle/xds/gen/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb.js';
import { findPort } from '../../../model/services/service.ts';
import { blackHoleCluster, type ClusterRef, clusterRef } from '../../clusters/cluster-ref.ts';
import { duration } from '../../messages/duration.ts';
import { fraction } from '../../messages/fraction.ts';
import type { View } from '../../scope/view.ts';
import { rateLimitRule } from './descriptors.ts';
import { headerOptions } from './header-options.ts';
import type { RateLimitPolicy } from './rate-limit.ts';

/** A rate limit service of the mesh. */
export interface RateLimitServiceRef {
  /** Full. */
  readonly host: string;
  readonly port: number;
}

const defaults = { host: 'rate-limit.tulle-system.svc.cluster.local', port: 8081, timeout: '100ms' } as const;

/** The service that counts for a policy of scope MESH: its own, else the one that `tulle up` runs. */
export function serviceRef({ spec }: Pick<RateLimitPolicy, 'spec'>): RateLimitServiceRef {
  const { host = defaults.host, port = defaults.port } = spec.service ?? {};
  return { host, port };
}

/** The clusters that lead to them. */
export function serviceClusters(view: View, services: readonly RateLimitServiceRef[]): ClusterRef[] {
  return services.flatMap(({ host, port: number }) => {
    const service = view.service(host);
    const port = service && findPort(service, number);
    return (service && port && clusterRef(view, service, port)) ?? [];
  });
}

/**
 * A policy that all proxies count together, by Envoy's filter for a rate limit service.
 *
 * @param hasService whether the service is known; else nobody answers
 */
export function globalRateLimit(
  policy: RateLimitPolicy,
  stage: number,
  hasService: boolean,
): MessageInitShape<typeof RateLimitSchema> {
  const { spec, targets } = policy;
  const { mode, response = {}, enabled, enforced, service = {} } = spec;
  const { host, port } = serviceRef(policy);
  const timeout = duration(service.timeout ?? defaults.timeout);
  return {
    domain: 'tulle',
    stage,
    ...(timeout && { timeout }),
    failureModeDeny: service.onFailure === 'DENY',
    rateLimitedAsResourceExhausted: response.grpcStatus === 'RESOURCE_EXHAUSTED',
    rateLimitService: {
      grpcService: {
        targetSpecifier: {
          case: 'envoyGrpc',
          // The cluster's name, an Envoy's default, is no authority that servers take.
          value: {
            clusterName: hasService ? `outbound|${port}||${host}` : blackHoleCluster,
            authority: `${host}:${port}`,
          },
        },
      },
      transportApiVersion: ApiVersion.V3,
    },
    enableXRatelimitHeaders:
      (response.rateLimitHeaders ?? 'NONE') === 'NONE' ? HeadersVersion.OFF : HeadersVersion.DRAFT_VERSION_03,
    rateLimitedStatus: { code: response.status ?? 429 },
    responseHeadersToAdd: headerOptions(response.headers),
    filterEnabled: { defaultValue: fraction(enabled?.value ?? 100) },
    filterEnforced: { defaultValue: fraction(mode === 'REPORT' ? 0 : (enforced?.value ?? 100)) },
    rateLimits: targets.length > 0 ? [] : spec.limits.map((limit) => rateLimitRule(policy, limit)),
    enableRetryAfterHeader: response.retryAfter !== false,
  };
}

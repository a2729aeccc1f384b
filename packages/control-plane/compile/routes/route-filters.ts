import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { grpcStatusCodes } from '@tulle/resources/istio/virtual-service/grpc-status';
import { CorsPolicySchema } from '@tulle/xds/gen/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import { HTTPFaultSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import type { CorsPolicySpec, HttpFault, HttpRouteSpec } from '../../model/istio.ts';
import { duration } from '../messages/duration.ts';
import { fraction } from '../messages/fraction.ts';
import { any } from '../messages/serialize.ts';
import { stringMatcher } from '../messages/string-match.ts';

export const faultFilterName = 'envoy.filters.http.fault';
export const corsFilterName = 'envoy.filters.http.cors';

type Fault = MessageInitShape<typeof HTTPFaultSchema>;

/**
 * What a rule says to filters that stand before the router; nothing, and the filters do nothing.
 *
 * @param more by filter name
 */
export function routeFilters(
  { fault, corsPolicy }: HttpRouteSpec,
  more: Record<string, Any>,
): { readonly typedPerFilterConfig?: Record<string, Any> } {
  const faults = fault && { ...delay(fault), ...abort(fault) };
  const hasFault = faults !== undefined && Object.keys(faults).length > 0;
  if (!hasFault && corsPolicy === undefined && Object.keys(more).length === 0) return {};
  return {
    typedPerFilterConfig: {
      ...(hasFault && { [faultFilterName]: any(HTTPFaultSchema, faults) }),
      ...(corsPolicy && { [corsFilterName]: any(CorsPolicySchema, cors(corsPolicy)) }),
      ...more,
    },
  };
}

/** Without a percentage nothing is delayed (Istio). */
function delay({ delay: spec }: HttpFault): Pick<Fault, 'delay'> {
  const value = duration(spec?.fixedDelay);
  if (spec === undefined || value === undefined) return {};
  const percentage = fraction(spec.percentage?.value ?? (spec.percentage ? 0 : (spec.percent ?? 0)));
  return { delay: { faultDelaySecifier: { case: 'fixedDelay', value }, percentage } };
}

/** Without a percentage nothing is aborted (Istio). */
function abort({ abort: spec }: HttpFault): Pick<Fault, 'abort'> {
  if (spec?.httpStatus === undefined && spec?.grpcStatus === undefined) return {};
  const percentage = fraction(spec.percentage?.value ?? 0);
  const { httpStatus, grpcStatus = '' } = spec;
  return {
    abort: {
      percentage,
      errorType:
        httpStatus === undefined
          ? { case: 'grpcStatus', value: grpcStatusCodes[grpcStatus] ?? 0 }
          : { case: 'httpStatus', value: httpStatus },
    },
  };
}

function cors(spec: CorsPolicySpec): MessageInitShape<typeof CorsPolicySchema> {
  const list = (names: readonly string[] = []): string => names.join(',');
  const origins = spec.allowOrigins ?? (spec.allowOrigin ?? []).map((exact) => ({ exact }));
  const seconds = duration(spec.maxAge)?.seconds;
  return {
    allowOriginStringMatch: origins.flatMap((origin) => stringMatcher(origin) ?? []),
    allowMethods: list(spec.allowMethods),
    allowHeaders: list(spec.allowHeaders),
    exposeHeaders: list(spec.exposeHeaders),
    ...(seconds !== undefined && { maxAge: String(seconds) }),
    ...(typeof spec.allowCredentials === 'boolean' && { allowCredentials: spec.allowCredentials }),
    // Istio: preflights of other origins are forwarded unless IGNORE says not.
    forwardNotMatchingPreflights: spec.unmatchedPreflights !== 'IGNORE',
    filterEnabled: { defaultValue: fraction(100) },
  };
}

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ClusterSchema } from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { HttpProtocolOptionsSchema } from '@tulle/xds/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import type { PolicySettings } from '../model/istio.ts';
import { duration } from './duration.ts';
import type { Layer } from './protocol.ts';
import { any } from './serialize.ts';

type Cluster = MessageInitShape<typeof ClusterSchema>;

/** Istio's default of `meshConfig.connectTimeout`: 10 s. */
export function connectTimeout(settings: PolicySettings): { seconds: bigint; nanos: number } {
  return duration(settings.connectionPool?.tcp?.connectTimeout) ?? { seconds: 10n, nanos: 0 };
}

/** Istio's default: no limit. */
const unlimited = 2 ** 32 - 1;

export function circuitBreakers(settings: PolicySettings): NonNullable<Cluster['circuitBreakers']> {
  const { tcp = {}, http = {} } = settings.connectionPool ?? {};
  return {
    thresholds: [
      {
        maxConnections: tcp.maxConnections || unlimited,
        maxPendingRequests: http.http1MaxPendingRequests || unlimited,
        maxRequests: http.http2MaxRequests || unlimited,
        maxRetries: http.maxRetries || unlimited,
        trackRemaining: true,
      },
    ],
  };
}

/**
 * Ejection as DestinationRule.outlierDetection asks; none without it. Istio turns off what it does not name:
 * success rates, and 5xx when only gateway errors are counted. 0 of a count disables it.
 */
export function outlierDetection({
  outlierDetection: spec,
}: PolicySettings): Pick<Cluster, 'outlierDetection'> {
  if (spec === undefined) return {};
  const fivexx = spec.consecutive5xxErrors ?? (spec.consecutiveErrors || undefined);
  const gateway = spec.consecutiveGatewayErrors;
  return {
    outlierDetection: {
      enforcingSuccessRate: 0,
      ...count(fivexx, 'consecutive5xx', 'enforcingConsecutive5xx'),
      ...count(gateway, 'consecutiveGatewayFailure', 'enforcingConsecutiveGatewayFailure'),
      ...(spec.interval && { interval: duration(spec.interval) }),
      ...(spec.baseEjectionTime && { baseEjectionTime: duration(spec.baseEjectionTime) }),
      ...(spec.maxEjectionPercent && { maxEjectionPercent: spec.maxEjectionPercent }),
    },
  };
}

function count(
  value: number | null | undefined,
  threshold: 'consecutive5xx' | 'consecutiveGatewayFailure',
  enforcing: 'enforcingConsecutive5xx' | 'enforcingConsecutiveGatewayFailure',
): Record<string, number> {
  if (value === undefined || value === null) return {};
  return { [threshold]: value, [enforcing]: value > 0 ? 100 : 0 };
}

const httpOptionsName = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** How the HTTP of a port is sent on, with the pool's limits: as HTTP/1.1, or as it came where it was sniffed. */
export function httpOptions(
  settings: PolicySettings,
  layer: Layer = 'http',
): Pick<Cluster, 'typedExtensionProtocolOptions'> {
  if (layer === 'tcp') return {};
  const { idleTimeout, maxRequestsPerConnection } = settings.connectionPool?.http ?? {};
  const { maxConnectionDuration } = settings.connectionPool?.tcp ?? {};
  const common = {
    ...(maxConnectionDuration && { maxConnectionDuration: duration(maxConnectionDuration) }),
    ...(idleTimeout && { idleTimeout: duration(idleTimeout) }),
    ...(maxRequestsPerConnection && { maxRequestsPerConnection }),
  };
  const value = any(HttpProtocolOptionsSchema, {
    ...(Object.keys(common).length > 0 && { commonHttpProtocolOptions: common }),
    upstreamProtocolOptions:
      layer === 'sniffed'
        ? {
            case: 'useDownstreamProtocolConfig',
            value: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
          }
        : {
            case: 'explicitHttpConfig',
            value: { protocolConfig: { case: 'httpProtocolOptions', value: {} } },
          },
  });
  return { typedExtensionProtocolOptions: { [httpOptionsName]: value } };
}

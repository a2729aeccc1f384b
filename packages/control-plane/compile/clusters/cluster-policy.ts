import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ClusterSchema } from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { OutlierDetection, PolicySettings } from '../../model/istio.ts';
import type { MeshSettings } from '../../model/mesh/mesh.ts';
import { duration, none } from '../messages/duration.ts';

type Cluster = MessageInitShape<typeof ClusterSchema>;

/** What a destination says, else the mesh. */
export function connectTimeout(settings: PolicySettings, mesh: MeshSettings): typeof none {
  const { connectTimeout: written = mesh.clients.connectTimeout } = settings.connectionPool?.tcp ?? {};
  return duration(written) ?? none;
}

/** Istio's default: no limit. */
const unlimited = 2 ** 32 - 1;

/** Istio’s connectionPool; absent and 0 are no limit, where Envoy’s own default would be 1024 (3 retries). */
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
        ...retryBudget(settings),
      },
    ],
  };
}

/** Where there is one an Envoy does not look at `maxRetries`, nor do we. */
function retryBudget({ retryBudget: spec }: PolicySettings) {
  if (spec === undefined) return {};
  const { percent, minRetryConcurrency, budgetInterval } = spec;
  return {
    retryBudget: {
      ...(percent != null && { budgetPercent: { value: percent } }),
      ...(minRetryConcurrency !== undefined && { minRetryConcurrency }),
      ...(budgetInterval !== undefined && { budgetInterval: duration(budgetInterval) }),
    },
  };
}

/** TCP keep-alive of connections to endpoints, in whole seconds. */
export function tcpKeepalive({ connectionPool }: PolicySettings): Pick<Cluster, 'upstreamConnectionOptions'> {
  const spec = connectionPool?.tcp?.tcpKeepalive;
  if (spec === undefined) return {};
  const seconds = (text: string | undefined): number | undefined => {
    const time = duration(text);
    return time && Math.max(1, Number(time.seconds) + Math.round(time.nanos / 1e9));
  };
  const [idle, interval] = [seconds(spec.time), seconds(spec.interval)];
  return {
    upstreamConnectionOptions: {
      tcpKeepalive: {
        ...(spec.probes && { keepaliveProbes: spec.probes }),
        ...(idle && { keepaliveTime: idle }),
        ...(interval && { keepaliveInterval: interval }),
      },
    },
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
      // Else Istio's default of 10 % would switch detection off where there are fewer than ten endpoints.
      alwaysEjectOneHost: true,
      ...localFailures(spec),
    },
  };
}

/** Istio reads the count only where the errors are told apart. */
function localFailures(spec: OutlierDetection) {
  if (spec.splitExternalLocalOriginErrors !== true) return {};
  const failures = spec.consecutiveLocalOriginFailures;
  return {
    splitExternalLocalOriginErrors: true,
    enforcingLocalOriginSuccessRate: 0,
    ...count(failures, 'consecutiveLocalOriginFailure', 'enforcingConsecutiveLocalOriginFailure'),
  };
}

function count(
  value: number | null | undefined,
  threshold: 'consecutive5xx' | 'consecutiveGatewayFailure' | 'consecutiveLocalOriginFailure',
  enforcing:
    | 'enforcingConsecutive5xx'
    | 'enforcingConsecutiveGatewayFailure'
    | 'enforcingConsecutiveLocalOriginFailure',
): Record<string, number> {
  if (value === undefined || value === null) return {};
  return { [threshold]: value, [enforcing]: value > 0 ? 100 : 0 };
}

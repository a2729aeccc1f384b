import type { MessageInitShape } from '@bufbuild/protobuf';
import { TcpProxySchema } from '@tulle/xds/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import type { PolicySettings } from '../../model/istio.ts';
import type { MeshSettings } from '../../model/mesh/mesh.ts';
import { blackHoleCluster } from '../clusters/cluster-ref.ts';
import { duration } from '../messages/duration.ts';
import { extension } from '../messages/extension.ts';
import { any } from '../messages/serialize.ts';
import type { WeightedName } from '../routes/tcp-routes.ts';
import { accessLogs } from './access-log.ts';
import type { NetworkFilter } from './http-manager.ts';

type TcpProxy = MessageInitShape<typeof TcpProxySchema>;

/** Envoy's TCP proxy; without clusters connections are closed. */
export function tcpProxy(
  mesh: MeshSettings,
  statPrefix: string,
  clusters: readonly WeightedName[],
): NetworkFilter {
  const [only, ...others] = clusters;
  const value = any(TcpProxySchema, {
    statPrefix,
    ...listenerPolicy(clusters),
    clusterSpecifier:
      others.length === 0
        ? { case: 'cluster', value: only?.name ?? blackHoleCluster }
        : {
            case: 'weightedClusters',
            value: { clusters: clusters.map(({ name, weight }) => ({ name, weight })) },
          },
    accessLog: accessLogs(mesh),
  });
  return extension('envoy.filters.network.tcp_proxy', value);
}

/** What a listener has one of: the first destination's that has one. */
function listenerPolicy(
  clusters: readonly WeightedName[],
): Pick<TcpProxy, 'idleTimeout' | 'maxDownstreamConnectionDuration' | 'hashPolicy' | 'tunnelingConfig'> {
  const first = <T>(of: (settings: PolicySettings) => T | undefined): T | undefined => {
    for (const { settings } of clusters) {
      const found = settings && of(settings);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const idleTimeout = duration(first(({ connectionPool }) => connectionPool?.tcp?.idleTimeout));
  const maxDownstreamConnectionDuration = duration(
    first(({ connectionPool }) => connectionPool?.tcp?.maxConnectionDuration),
  );
  const bySource = first(({ loadBalancer }) => loadBalancer?.consistentHash?.useSourceIp || undefined);
  const tunnel = first((settings) => settings.tunnel);
  return {
    ...(idleTimeout && { idleTimeout }),
    ...(maxDownstreamConnectionDuration && { maxDownstreamConnectionDuration }),
    ...(bySource && { hashPolicy: [{ policySpecifier: { case: 'sourceIp', value: {} } }] }),
    ...(tunnel && {
      tunnelingConfig: {
        hostname: `${tunnel.targetHost}:${tunnel.targetPort}`,
        usePost: tunnel.protocol === 'POST',
      },
    }),
  };
}

import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import type { ClusterSchema } from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClientSideWeightedRoundRobinSchema } from '@tulle/xds/gen/envoy/extensions/load_balancing_policies/client_side_weighted_round_robin/v3/client_side_weighted_round_robin_pb.js';
import { WrrLocalitySchema } from '@tulle/xds/gen/envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality_pb.js';
import type { BackendUtilization } from '../../model/istio.ts';
import { duration } from '../messages/duration.ts';
import { any } from '../messages/serialize.ts';

type LoadBalancingPolicy = NonNullable<MessageInitShape<typeof ClusterSchema>['loadBalancingPolicy']>;

/** Endpoints in turn, weighted by the load that they report: within each locality, where these have shares. */
export function utilizationPolicy(spec: BackendUtilization, localityWeighted: boolean): LoadBalancingPolicy {
  const own = policy('client_side_weighted_round_robin', ClientSideWeightedRoundRobinSchema, settings(spec));
  return localityWeighted ? policy('wrr_locality', WrrLocalitySchema, { endpointPickingPolicy: own }) : own;
}

function policy<Desc extends DescMessage>(
  name: string,
  desc: Desc,
  value: MessageInitShape<Desc>,
): LoadBalancingPolicy {
  const typedConfig = any(desc, value);
  return {
    policies: [{ typedExtensionConfig: { name: `envoy.load_balancing_policies.${name}`, typedConfig } }],
  };
}

function settings(spec: BackendUtilization): MessageInitShape<typeof ClientSideWeightedRoundRobinSchema> {
  const penalty = spec.errorUtilizationPenaltyPercent;
  const [blackoutPeriod, weightExpirationPeriod, weightUpdatePeriod] = [
    spec.weightStabilizationPeriod,
    spec.weightExpirationPeriod,
    spec.weightUpdatePeriod,
  ].map(duration);
  return {
    ...(blackoutPeriod && { blackoutPeriod }),
    ...(weightExpirationPeriod && { weightExpirationPeriod }),
    ...(weightUpdatePeriod && { weightUpdatePeriod }),
    ...(penalty !== undefined && { errorUtilizationPenalty: penalty / 100 }),
    metricNamesForComputingUtilization: [...(spec.metricNamesForComputingUtilization ?? [])],
  };
}

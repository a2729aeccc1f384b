import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type Cluster_CommonLbConfigSchema,
  Cluster_LbPolicy,
  type ClusterSchema,
} from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { ZoneAwareLbSetting } from '../../model/istio.ts';
import { sharesOf } from '../endpoints/locality.ts';
import type { Engine } from '../proxy.ts';
import type { ClusterRef } from './cluster-ref.ts';

type LocalityConfig = Pick<MessageInitShape<typeof Cluster_CommonLbConfigSchema>, 'localityConfigSpecifier'>;
type Balancing = Pick<MessageInitShape<typeof ClusterSchema>, 'lbPolicy' | 'loadBalancingPolicy'>;

/** Localities have shares of the traffic. */
export const isShared = ({ placement }: ClusterRef): boolean =>
  placement !== undefined && sharesOf(placement.policy).length > 0;

/** What makes its clients stay in their zones; undefined: nothing, or its requests go by a hash. */
export function zonesOf({ placement, settings }: ClusterRef): ZoneAwareLbSetting | undefined {
  const { consistentHash, backendUtilization, simple } = settings.loadBalancer ?? {};
  const isOther =
    consistentHash !== undefined || backendUtilization !== undefined || simple === 'PASSTHROUGH';
  return placement?.policy.kind === 'zone' && !isOther ? placement.policy : undefined;
}

/**
 * How a cluster's localities count beside their priorities. An Envoy that knows its own service
 * (`local-cluster.ts`) looks at zones wherever nobody says that it must not.
 */
export function localityConfig(ref: ClusterRef, balancing: Balancing, engine: Engine): LocalityConfig {
  // A policy that is an extension says it itself, Envoy refuses both; where the request names the endpoint there is no choice.
  if (balancing.loadBalancingPolicy !== undefined || balancing.lbPolicy === Cluster_LbPolicy.CLUSTER_PROVIDED)
    return {};
  if (isShared(ref)) return { localityConfigSpecifier: { case: 'localityWeightedLbConfig', value: {} } };
  const zones = zonesOf(ref);
  if (zones === undefined)
    return engine === 'tulle'
      ? {}
      : { localityConfigSpecifier: { case: 'zoneAwareLbConfig', value: { routingEnabled: { value: 0 } } } };
  const { minClusterSize } = zones;
  return {
    localityConfigSpecifier: {
      case: 'zoneAwareLbConfig',
      value: minClusterSize ? { minClusterSize: BigInt(minClusterSize) } : {},
    },
  };
}

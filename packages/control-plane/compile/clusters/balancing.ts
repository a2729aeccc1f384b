import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  Cluster_LbPolicy,
  type Cluster_SlowStartConfigSchema,
  type ClusterSchema,
} from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { ConsistentHash, LoadBalancer } from '../../model/istio.ts';
import { duration } from '../messages/duration.ts';
import { utilizationPolicy } from './utilization-policy.ts';

type Balancing = Pick<
  MessageInitShape<typeof ClusterSchema>,
  'lbPolicy' | 'lbConfig' | 'loadBalancingPolicy'
>;
type SlowStart = MessageInitShape<typeof Cluster_SlowStartConfigSchema>;

/** Istio's default of `minimumRingSize`. */
const minimumRingSize = 1024;

/**
 * Least request unless something else is asked for (Istio).
 * @param localityWeighted localities have shares, which a policy that is an extension must know itself
 */
export function balancing(spec: LoadBalancer | undefined, localityWeighted = false): Balancing {
  if (spec?.backendUtilization !== undefined)
    return { loadBalancingPolicy: utilizationPolicy(spec.backendUtilization, localityWeighted) };
  if (spec?.consistentHash !== undefined) return hashing(spec.consistentHash);
  const slowStartConfig = slowStart(spec);
  switch (spec?.simple) {
    case 'ROUND_ROBIN':
      return {
        lbPolicy: Cluster_LbPolicy.ROUND_ROBIN,
        ...(slowStartConfig && { lbConfig: { case: 'roundRobinLbConfig', value: { slowStartConfig } } }),
      };
    case 'RANDOM':
      return { lbPolicy: Cluster_LbPolicy.RANDOM };
    case 'PASSTHROUGH':
      return { lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED };
    case 'LEAST_REQUEST':
    case 'LEAST_CONN':
    case 'UNSPECIFIED':
    case undefined:
      return {
        lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
        ...(slowStartConfig && { lbConfig: { case: 'leastRequestLbConfig', value: { slowStartConfig } } }),
      };
  }
}

function hashing({ maglev, ringHash, minimumRingSize: older }: ConsistentHash): Balancing {
  if (maglev !== undefined) {
    const { tableSize } = maglev;
    return {
      lbPolicy: Cluster_LbPolicy.MAGLEV,
      ...(tableSize && { lbConfig: { case: 'maglevLbConfig', value: { tableSize: BigInt(tableSize) } } }),
    };
  }
  const size = ringHash?.minimumRingSize || older || minimumRingSize;
  return {
    lbPolicy: Cluster_LbPolicy.RING_HASH,
    lbConfig: { case: 'ringHashLbConfig', value: { minimumRingSize: BigInt(size) } },
  };
}

/** What Istio leaves out is Envoy's default: linear, from 10 %. */
function slowStart({ warmup, warmupDurationSecs }: LoadBalancer = {}): SlowStart | undefined {
  const slowStartWindow = duration(warmup?.duration ?? warmupDurationSecs);
  if (slowStartWindow === undefined) return undefined;
  const { aggression, minimumPercent } = warmup ?? {};
  return {
    slowStartWindow,
    ...(aggression != null && { aggression: { defaultValue: aggression, runtimeKey: 'tulle.warmup' } }),
    ...(minimumPercent != null && { minWeightPercent: { value: minimumPercent } }),
  };
}

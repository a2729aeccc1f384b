import type { MessageInitShape } from '@bufbuild/protobuf';
import { Cluster_LbPolicy, type ClusterSchema } from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { LoadBalancer } from '../model/istio.ts';

type Balancing = Pick<MessageInitShape<typeof ClusterSchema>, 'lbPolicy' | 'lbConfig'>;

/** Istio's default of `minimumRingSize`. */
const minimumRingSize = 1024;

/** Least request unless something else is asked for (Istio). `maglev` is balanced by a ring: same promise. */
export function balancing(spec: LoadBalancer | undefined): Balancing {
  const hash = spec?.consistentHash;
  if (hash !== undefined) {
    const size = hash.ringHash?.minimumRingSize || hash.minimumRingSize || minimumRingSize;
    return {
      lbPolicy: Cluster_LbPolicy.RING_HASH,
      lbConfig: { case: 'ringHashLbConfig', value: { minimumRingSize: BigInt(size) } },
    };
  }
  switch (spec?.simple) {
    case 'ROUND_ROBIN':
      return { lbPolicy: Cluster_LbPolicy.ROUND_ROBIN };
    case 'RANDOM':
      return { lbPolicy: Cluster_LbPolicy.RANDOM };
    case 'PASSTHROUGH':
      return { lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED };
    case 'LEAST_REQUEST':
    case 'LEAST_CONN':
    case 'UNSPECIFIED':
    case undefined:
      return { lbPolicy: Cluster_LbPolicy.LEAST_REQUEST };
  }
}

import type { XdsResource } from '../resource.ts';
import { decode } from '../wire.ts';

const names = new WeakMap<XdsResource, string | null>();

/**
 * The EDS resource that a cluster takes its endpoints from, or null: its `eds_cluster_config.service_name`,
 * else its own name. Read from the cluster's bytes once per compiled resource.
 */
export function endpointsOf(cluster: XdsResource): string | null {
  let name = names.get(cluster);
  if (name === undefined) {
    name = read(cluster);
    names.set(cluster, name);
  }
  return name;
}

function read(cluster: XdsResource): string | null {
  try {
    const { type, edsClusterConfig } = decode('envoy.config.cluster.v3.Cluster', cluster.bytes);
    return type === 'EDS' ? edsClusterConfig?.serviceName || cluster.name : null;
  } catch {
    // Whoever receives it says what is wrong with it.
    return null;
  }
}

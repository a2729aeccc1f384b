/**
 * Envoy's `local_cluster_name`: the cluster whose endpoints are the instances of the proxy's own service. Called as
 * Istio calls it.
 */
export const localCluster = 'local_cluster';

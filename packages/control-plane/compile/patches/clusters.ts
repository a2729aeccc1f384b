import { clone } from '@bufbuild/protobuf';
import { type Cluster, ClusterSchema } from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { TransportSocket } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import { TransportSocketSchema } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import { merge } from './merge.ts';
import { type Context, isMerging, type Patch, type PatchSet } from './patch-set.ts';
import type { Tracker } from './tracker.ts';

const contextOfCluster = (set: PatchSet, name: string): Context => {
  if (set.isGateway) return 'GATEWAY';
  return name.startsWith('inbound|') ? 'SIDECAR_INBOUND' : 'SIDECAR_OUTBOUND';
};

/** Patches a cluster in place; undefined: it is removed. */
export function patchCluster(set: PatchSet, cluster: Cluster, tracker: Tracker): Cluster | undefined {
  for (const patch of set.of('CLUSTER', contextOfCluster(set, cluster.name))) {
    if (!selectsCluster(patch, cluster)) continue;
    if (patch.operation === 'REMOVE') {
      tracker.used.add(patch);
      return undefined;
    }
    if (isMerging(patch)) mergeCluster(cluster, patch, tracker);
  }
  return cluster;
}

/** `outbound|9080|v1|reviews.default.svc.cluster.local`, as Istio names clusters. */
function selectsCluster({ match: { cluster: wanted } }: Patch, cluster: Cluster): boolean {
  if (wanted === undefined) return true;
  if (wanted.name) return wanted.name === cluster.name;
  const [direction, port, subset = '', host = ''] = cluster.name.split('|');
  if (wanted.subset && wanted.subset !== subset) return false;
  if (wanted.portNumber && wanted.portNumber !== Number(port)) return false;
  if (!wanted.service) return true;
  return direction === 'inbound' ? servedHosts(cluster).includes(wanted.service) : wanted.service === host;
}

/** The services that lead to an application's port, as its cluster says for metrics. */
function servedHosts({ metadata }: Cluster): readonly unknown[] {
  const services = metadata?.filterMetadata.istio?.services;
  return Array.isArray(services) ? services.map((one) => (one as { host?: unknown } | null)?.host) : [];
}

/**
 * A cluster that chooses between transport sockets takes a patch's socket into the one of that name, and nothing of it
 * otherwise: it may not have both (Istio).
 */
function mergeCluster(cluster: Cluster, patch: Patch, tracker: Tracker): void {
  const value = tracker.value(ClusterSchema, patch);
  const { transportSocket: socket } = value;
  delete value.transportSocket;
  tracker.merge(ClusterSchema, cluster, patch, value);
  if (socket === undefined) return;
  const choices = cluster.transportSocketMatches.flatMap((one) => one.transportSocket ?? []);
  const known: readonly TransportSocket[] =
    choices.length > 0 ? choices : [cluster.transportSocket].flatMap((one) => one ?? []);
  const same = known.find(({ name }) => name === socket.name);
  const lists = patch.operation === 'MERGE' ? 'append' : 'replace';
  if (same !== undefined) merge(TransportSocketSchema, same, socket, lists);
  else if (choices.length === 0) cluster.transportSocket = clone(TransportSocketSchema, socket);
}

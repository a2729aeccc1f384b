import { type ProxyMetadata, type ProxyRole, parseNodeId } from '@tulle/xds/node';
import type { NetworkConfig } from '../model/mesh/networks.ts';
import { withTopology } from '../model/traffic/locality.ts';
import { networkOf } from './endpoints/network-of.ts';

/** A proxy as compile sees it: its Node message, as far as its certificate confirms it. */
export interface ProxyDescription {
  /** The Node's id. */
  readonly id: string;
  readonly role: ProxyRole;
  readonly metadata: ProxyMetadata;
  /** SPIFFE ID of its certificate. */
  readonly identity: string;
}

/** A proxy's labels, and with them where it runs. */
export function clientLabels(
  { id, metadata }: ProxyDescription,
  networks: NetworkConfig,
): Readonly<Record<string, string>> {
  const { LABELS: labels, TULLE_LOCALITY: locality = '', NETWORK = '', CLUSTER_ID: cluster } = metadata;
  const address = parseNodeId(id)?.address ?? '';
  const network = networkOf(networks, { labels, locality, network: NETWORK, cluster, address });
  return withTopology(labels, { locality, network, cluster });
}

export type Engine = ProxyMetadata['TULLE_ENGINE'];

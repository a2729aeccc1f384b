import type { ProxyMetadata, ProxyRole } from '@tulle/xds/node';
import { withTopology } from '../model/traffic/locality.ts';

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
export function clientLabels({ metadata }: ProxyDescription): Readonly<Record<string, string>> {
  const { LABELS, TULLE_LOCALITY: locality = '', NETWORK: network = '', CLUSTER_ID: cluster } = metadata;
  return withTopology(LABELS, { locality, network, cluster });
}

export type Engine = ProxyMetadata['TULLE_ENGINE'];

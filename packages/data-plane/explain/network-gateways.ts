import type { Origin } from '@tulle/xds/resource';
import { decode } from '@tulle/xds/wire';
import { filterMetadata } from '../config/translate/values/metadata.ts';
import { originsIn } from './origin.ts';

/** A gateway in the place of endpoints of another network. */
export interface NetworkGateway {
  readonly network: string;
  /** `namespace/name` of its Service; absent: meshNetworks says its address. */
  readonly gateway?: string;
  readonly origins: readonly Origin[];
}

/** Those among the endpoints of a ClusterLoadAssignment, by `address port`, as our control plane marks them. */
export function networkGatewaysIn(bytes: Uint8Array): ReadonlyMap<string, NetworkGateway> {
  const found = new Map<string, NetworkGateway>();
  const { endpoints } = decode('envoy.config.endpoint.v3.ClusterLoadAssignment', bytes);
  for (const { lbEndpoints } of endpoints)
    for (const { endpoint, metadata } of lbEndpoints) {
      const { network, gateway } = filterMetadata(metadata, 'tulle.dev/network');
      const socket = endpoint?.address?.socketAddress;
      if (typeof network !== 'string' || socket === undefined) continue;
      found.set(`${socket.address} ${socket.portValue}`, {
        network,
        ...(typeof gateway === 'string' && { gateway }),
        origins: originsIn(metadata),
      });
    }
  return found;
}

import { hostCovers } from '../../model/services/host.ts';
import type { Service, ServicePort } from '../../model/services/service.ts';
import { type ClusterRef, clusterRefs } from '../clusters/cluster-ref.ts';
import type { View } from '../scope/view.ts';
import { meshServerName, serverAlpn, sniffedHttpAlpn } from '../tls/mesh-tls.ts';
import type { BoundServer } from './gateway-ports.ts';

/** A cluster that mTLS between sidecars passes on to, and the server name that sidecars ask for it by. */
export interface PassedOn {
  readonly serverName: string;
  readonly cluster: ClusterRef;
}

/** What mTLS of sidecars offers: anything else is not for an AUTO_PASSTHROUGH server. */
export const passedAlpn: readonly string[] = [
  ...new Set([...serverAlpn.bytes, ...serverAlpn.http, ...sniffedHttpAlpn]),
];

/**
 * What an AUTO_PASSTHROUGH server leads to, without a virtual service: every port and subset of every service in the
 * mesh that its hosts admit, by the server name of sidecars' mTLS (Istio). Bytes go on as they are.
 */
export function passedOn(view: View, { server }: BoundServer): PassedOn[] {
  return view.services
    .filter((service) => !service.external && isAdmitted(service, server.hosts))
    .flatMap((service) =>
      service.ports.flatMap((port) => clusterRefs(view, service, port).map((ref) => pass(ref, port))),
    );
}

const isAdmitted = ({ host, namespace }: Service, hosts: BoundServer['server']['hosts']): boolean =>
  hosts.some(
    (offered) =>
      (offered.namespace === '*' || offered.namespace === namespace) && hostCovers(offered.host, host),
  );

function pass(ref: ClusterRef, port: ServicePort): PassedOn {
  const serverName = meshServerName(ref);
  const cluster: ClusterRef = {
    ...ref,
    name: serverName,
    port: { ...port, protocol: 'tls' },
    settings: { ...ref.settings, tls: { mode: 'DISABLE' } },
    onlyMutual: true,
  };
  return { serverName, cluster };
}

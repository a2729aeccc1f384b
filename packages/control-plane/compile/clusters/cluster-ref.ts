import type { Origin } from '@tulle/xds/resource';
import type { Destination, PolicySettings, SubsetSpec } from '../../model/istio.ts';
import { withMeshDefaults } from '../../model/mesh/mesh-defaults.ts';
import { rootNamespace } from '../../model/origin.ts';
import { type Dead, unknownHost, unknownPort, unknownSubset } from '../../model/problems.ts';
import type { Credential } from '../../model/security/credential.ts';
import { findPort, type Service, type ServicePort } from '../../model/services/service.ts';
import type { DestinationRule } from '../../model/traffic/destination-rule.ts';
import type { HealthCheckPolicy } from '../../model/traffic/health-check.ts';
import { settingsFor } from '../../model/traffic/traffic-policy.ts';
import { type Placement, placementOf } from '../endpoints/locality.ts';
import type { View } from '../scope/view.ts';

/** One outbound cluster before it is made: a service's port, or a subset of its instances. */
export interface ClusterRef {
  /** `outbound|<port>|<subset>|<host>` */
  readonly name: string;
  readonly service: Service;
  readonly port: ServicePort;
  readonly subset: { readonly spec: SubsetSpec; readonly origin: Origin } | undefined;
  readonly rule: DestinationRule | undefined;
  readonly settings: PolicySettings;
  /** What `tls.credentialName` names, where the client may have it. */
  readonly credential: Credential | undefined;
  readonly healthCheck: HealthCheckPolicy | undefined;
  /** Which endpoints its client prefers. */
  readonly placement: Placement | undefined;
  /** The network of its client, where some have to be entered by gateways. */
  readonly network: string | undefined;
  /** Its clients' connections are redirected: they know where they were going. */
  readonly captured: boolean;
  /** Its clients bring mTLS with them: only endpoints that take it are of use. */
  readonly onlyMutual?: true;
}

/** Cluster without endpoints: what is routed to it is answered 503. */
export const blackHoleCluster = 'BlackHoleCluster';
/** Hosts outside the mesh: connects to the address that the request names. */
export const passthroughCluster = 'PassthroughCluster';

/** @returns undefined if the view has no such subset. The same object for the same view. */
export function clusterRef(
  view: View,
  service: Service,
  port: ServicePort,
  subset = '',
): ClusterRef | undefined {
  const name = `outbound|${port.number}|${subset}|${service.host}`;
  return view.once(name, () => {
    const rule = view.rule(service);
    const chosen = subset === '' ? undefined : rule?.subsets.get(subset);
    if (subset !== '' && chosen === undefined) return undefined;
    const policy = settingsFor(rule?.trafficPolicy, chosen?.spec.trafficPolicy, port.number);
    const settings = withMeshDefaults(policy, view.config.mesh, service);
    const credential = clientCredential(view, rule, settings.tls?.credentialName);
    const healthCheck = view.config.healthChecks.lookup(service, view.namespace, port.number, subset);
    const placement = placementOf(view, settings);
    const { captured, network } = view;
    return {
      name,
      service,
      port,
      subset: chosen,
      rule,
      settings,
      credential,
      healthCheck,
      placement,
      network,
      captured,
    };
  });
}

/**
 * A Secret of the client's namespace. Only a rule of that namespace makes its workloads get it: whoever writes
 * rules for a service elsewhere must not hand out other people's keys. The mesh's own gateways get theirs.
 */
function clientCredential(view: View, rule: DestinationRule | undefined, name = ''): Credential | undefined {
  if (name === '' || rule === undefined) return undefined;
  if (rule.namespace !== view.namespace && view.namespace !== rootNamespace) return undefined;
  return view.config.credentials.get(`${view.namespace}/${name}`);
}

/** The clusters of a service's port: all instances, then each subset. */
export function clusterRefs(view: View, service: Service, port: ServicePort): ClusterRef[] {
  const subsets = ['', ...(view.rule(service)?.subsets.keys() ?? [])];
  return subsets.flatMap((subset) => clusterRef(view, service, port, subset) ?? []);
}

/**
 * Where a route's destination leads, or why nowhere. Without a port it is the service's only one, else the one
 * that the client called (Istio's `GetDestinationCluster`).
 */
export function resolveDestination(
  view: View,
  { host, subset, port }: Destination,
  calledPort: number,
): { readonly cluster: ClusterRef } | Dead {
  const service = view.service(host);
  if (service === undefined) return unknownHost(host);
  const number =
    port?.number ?? (service.ports.length === 1 ? service.ports[0]?.number : undefined) ?? calledPort;
  const found = findPort(service, number);
  if (found === undefined) return unknownPort(service, number);
  const cluster = clusterRef(view, service, found, subset ?? '');
  return cluster === undefined ? unknownSubset(host, subset ?? '') : { cluster };
}

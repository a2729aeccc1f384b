import { hostIntersection, isExportedTo } from '../../model/services/host.ts';
import type { Gateway } from '../../model/traffic/gateway.ts';
import { meshGateway, type VirtualService } from '../../model/traffic/virtual-service.ts';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh } from '../mesh.ts';
import type { Message, Report } from '../message.ts';
import { gatewaysSelected } from './gateways.ts';

const hostNotServed: Message = {
  code: 'IST0132',
  name: 'VirtualServiceHostNotFoundInGateway',
  level: 'Warning',
  about: 'No server of a Gateway that a VirtualService names serves one of its hosts.',
  consequence: 'Requests for the host are answered 404 there.',
  remedy: 'Add the host to a server of the Gateway; where it says namespace/host, mind the namespace.',
};

const rulesNotUsed: Message = {
  code: 'IST0140',
  name: 'IngressRouteRulesNotAffected',
  level: 'Warning',
  about:
    'A VirtualService for sidecars routes a host to subsets, and one for a gateway leads to that host without a subset.',
  consequence:
    'Requests through the gateway are spread over all instances: a gateway’s route is the only one that counts.',
  remedy:
    'Name the subsets in the gateway’s VirtualService too, or bind one VirtualService to the gateway and mesh.',
};

const notExported: Message = {
  code: 'TUL0104',
  name: 'NotExportedToGateway',
  level: 'Error',
  about:
    'A VirtualService is not exported to the namespace of the proxies that a Gateway which it names selects, wherever that Gateway is.',
  consequence: 'Those proxies do not know it: requests are answered 404.',
  remedy: 'Add the namespace to exportTo, or leave exportTo out.',
};

const otherGateway: Message = {
  code: 'TUL0105',
  name: 'MatchForOtherGateway',
  level: 'Warning',
  about: 'A match is for gateways that its VirtualService is not bound to.',
  consequence: 'It never matches.',
  remedy: 'Add the gateway to spec.gateways; without any they are mesh alone.',
};

/** VirtualServices and the gateways that they name. */
export const virtualServiceGateways: Analyzer = {
  messages: [hostNotServed, rulesNotUsed, notExported, otherGateway],
  analyze(mesh, report) {
    const byKey = new Map(mesh.config.gateways.map((gateway) => [gateway.key, gateway]));
    const split = subsetHosts(mesh);
    for (const service of mesh.config.virtualServices) {
      for (const [index, name] of service.gateways.entries()) {
        const gateway = byKey.get(name);
        if (gateway !== undefined) checkGateway(mesh, service, gateway, index, report);
      }
      checkMatches(service, report);
      if (!service.gateways.includes(meshGateway)) checkSubsets(service, split, report);
    }
  },
};

function checkGateway(
  mesh: AnalyzedMesh,
  service: VirtualService,
  gateway: Gateway,
  index: number,
  report: Report,
): void {
  const at = (path: string) => ({ ...service.origin, path });
  for (const namespace of new Set(gatewaysSelected(mesh, gateway).map((proxy) => proxy.namespace)))
    if (!isExportedTo(service.exportTo, service.namespace, namespace))
      report(
        notExported,
        at(`spec.gateways[${index}]`),
        `exportTo leaves out ${namespace}, the namespace of the proxies of Gateway ${gateway.key}`,
      );
  const offered = gateway.servers.flatMap((server) => server.hosts);
  for (const [which, host] of service.hosts.entries()) {
    const served = offered.some(
      (one) =>
        (one.namespace === '*' || one.namespace === service.namespace) &&
        hostIntersection(one.host, host) !== undefined,
    );
    if (!served)
      report(hostNotServed, at(`spec.hosts[${which}]`), `no server of Gateway ${gateway.key} has ${host}`);
  }
}

function checkMatches({ gateways, http, tls, tcp }: VirtualService, report: Report): void {
  for (const { spec, origins } of [...http, ...tls, ...tcp]) {
    const origin = origins[0];
    for (const [index, { gateways: named = [] }] of (spec.match ?? []).entries()) {
      if (origin === undefined || named.length === 0 || named.some((one) => gateways.includes(one))) continue;
      report(
        otherGateway,
        { ...origin, path: `${origin.path}.match[${index}].gateways` },
        `${named.join(', ')}: the VirtualService is bound to ${gateways.join(', ')}`,
      );
    }
  }
}

/** Hosts that VirtualServices for sidecars route to subsets ⇒ that VirtualService. */
function subsetHosts({ config }: AnalyzedMesh): ReadonlyMap<string, VirtualService> {
  const found = new Map<string, VirtualService>();
  for (const service of config.virtualServices) {
    if (!service.gateways.includes(meshGateway)) continue;
    for (const { spec } of service.http)
      for (const { destination } of spec.route ?? [])
        if (destination.subset && service.hosts.includes(destination.host))
          found.set(destination.host, service);
  }
  return found;
}

function checkSubsets(
  { http }: VirtualService,
  split: ReadonlyMap<string, VirtualService>,
  report: Report,
): void {
  for (const { spec, origins } of http)
    for (const [index, { destination }] of (spec.route ?? []).entries()) {
      const other = split.get(destination.host);
      const origin = origins.at(-1);
      if (other === undefined || origin === undefined || destination.subset) continue;
      report(
        rulesNotUsed,
        { ...origin, path: `${origin.path}.route[${index}].destination` },
        `${destination.host} without a subset: the subsets of VirtualService ${other.key} are for sidecars`,
      );
    }
}

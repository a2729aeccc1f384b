import { clusterDomain, isExportedTo } from '../../model/services/host.ts';
import { isHttp } from '../../model/services/protocol.ts';
import type { ServicePort } from '../../model/services/service.ts';
import { meshGateway, type VirtualService } from '../../model/traffic/virtual-service.ts';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh } from '../mesh.ts';
import type { Message, Report } from '../message.ts';

const sameHost: Message = {
  code: 'IST0109',
  name: 'ConflictingMeshGatewayVirtualServiceHosts',
  level: 'Info',
  about: 'Several VirtualServices for sidecars have the same host.',
  consequence: 'Their rules are merged, the oldest VirtualService first; Istio leaves the order open.',
  remedy: 'Merge them, or delegate, where the order matters or Istio is to read them.',
};

const otherNamespace: Message = {
  code: 'TUL0101',
  name: 'ShortHostOfOtherNamespace',
  level: 'Warning',
  about:
    'A short host name means a service of the resource’s own namespace; only others have one of that name.',
  consequence: 'The resource is about a service that does not exist.',
  remedy: 'Write the full name: service.namespace.svc.cluster.local.',
};

const noService: Message = {
  code: 'TUL0102',
  name: 'VirtualServiceHostWithoutService',
  level: 'Warning',
  about: 'A VirtualService has the host of a service that does not exist.',
  consequence: 'Nobody calls it but clients that name it explicitly, on port 80.',
  remedy: 'Correct the host, or create the Service.',
};

const otherProtocol: Message = {
  code: 'TUL0103',
  name: 'RulesForOtherProtocol',
  level: 'Warning',
  about: 'The rules of a VirtualService are for another protocol than its host speaks on any port.',
  consequence: 'The rules are never used.',
  remedy:
    'Use http for HTTP and gRPC, tls for TLS, tcp for the rest; or correct the name or appProtocol of the port.',
};

/** What the hosts of VirtualServices are, for sidecars. */
export const virtualServiceHosts: Analyzer = {
  messages: [sameHost, otherNamespace, noService, otherProtocol],
  analyze(mesh, report) {
    const known = new Map<string, VirtualService[]>();
    for (const service of mesh.config.virtualServices) {
      if (!service.gateways.includes(meshGateway)) continue;
      for (const [index, host] of service.hosts.entries()) {
        const older = known.get(host) ?? [];
        known.set(host, [...older, service]);
        const twin = older.find(
          (one) =>
            isExportedTo(one.exportTo, one.namespace, service.namespace) ||
            isExportedTo(service.exportTo, service.namespace, one.namespace),
        );
        const at = { ...service.origin, path: `spec.hosts[${index}]` };
        if (twin !== undefined) report(sameHost, at, `${host} is a host of VirtualService ${twin.key} too`);
        if (mesh.knows.hosts) checkService(mesh, service, host, index, report);
      }
    }
  },
};

function checkService(
  { config }: AnalyzedMesh,
  service: VirtualService,
  host: string,
  index: number,
  report: Report,
): void {
  const at = { ...service.origin, path: `spec.hosts[${index}]` };
  const found = config.services.visible(host, service.namespace);
  if (found !== undefined) {
    const wrong = wrongRules(service, found.ports);
    if (wrong !== undefined)
      report(otherProtocol, { ...service.origin, path: `spec.${wrong[0]}` }, `${host} ${wrong[1]}`);
    return;
  }
  if (!host.endsWith(`.svc.${clusterDomain}`) || host.startsWith('*')) return;
  const [name = ''] = host.split('.');
  const twins = config.services.all.filter(
    (one) => one.host.startsWith(`${name}.`) && one.host.endsWith(`.svc.${clusterDomain}`),
  );
  const own = host === `${name}.${service.namespace}.svc.${clusterDomain}`;
  if (own && twins.length > 0)
    report(otherNamespace, at, `there is no ${host}, only ${twins.map((one) => one.host).join(', ')}`);
  else report(noService, at, `no visible Service or ServiceEntry has the host ${host}`);
}

/** Which rules no port can use, and why. */
function wrongRules(
  { http, tcp, tls }: VirtualService,
  ports: readonly ServicePort[],
): readonly [string, string] | undefined {
  if (ports.length === 0 || ports.some(({ protocol }) => protocol === 'unspecified')) return undefined;
  const hasHttp = ports.some(({ protocol }) => isHttp(protocol));
  const hasBytes = ports.some(({ protocol }) => !isHttp(protocol));
  if (http.length > 0 && !hasHttp) return ['http', 'has no port for HTTP'];
  if (tcp.length > 0 && !hasBytes) return ['tcp', 'has no port for plain TCP or TLS'];
  if (tls.length > 0 && !hasBytes) return ['tls', 'has no port for TLS'];
  return undefined;
}

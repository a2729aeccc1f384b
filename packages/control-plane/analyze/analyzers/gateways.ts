import { rootNamespace } from '../../model/origin.ts';
import { selects } from '../../model/selector.ts';
import { hostIntersection } from '../../model/services/host.ts';
import type { Gateway, GatewayServer } from '../../model/traffic/gateway.ts';
import { gatewayPodPorts } from '../../model/traffic/gateway-pod-ports.ts';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh, AnalyzedWorkload } from '../mesh.ts';
import type { Message, Report } from '../message.ts';
import { notFound } from './problems.ts';
import { shownLabels } from './selectors.ts';

const conflicting: Message = {
  code: 'IST0145',
  name: 'ConflictingGateways',
  level: 'Error',
  about: 'Servers of two Gateways have the same gateway, port and host.',
  consequence:
    'By TLS or TCP, only the older Gateway’s server gets the connections of that host. By plain HTTP the routes of both are one list, the oldest VirtualService’s first: the younger ones get only what that leaves, and httpsRedirect of one redirects all.',
  remedy:
    'Keep one of both, or give them different hosts or ports. By plain HTTP, let VirtualServices share one Gateway.',
};

const portNotOffered: Message = {
  code: 'IST0162',
  name: 'GatewayPortNotDefinedOnService',
  level: 'Warning',
  about: 'No port of the gateway’s Service leads to a port of a Gateway’s server.',
  consequence:
    'Clients that come by the Service do not reach it; on this machine the port is bound by itself.',
  remedy: 'Add the port to the Service, or use one that it has.',
};

const mixedPort: Message = {
  code: 'TUL0401',
  name: 'ServersOfOnePortDisagree',
  level: 'Error',
  about: 'Servers of one port speak different protocols: plain HTTP, TLS, or plain TCP.',
  consequence: 'Only what the oldest server speaks is served on the port.',
  remedy: 'Give them different ports.',
};

const noRoutes: Message = {
  code: 'TUL0402',
  name: 'GatewayWithoutRoutes',
  level: 'Info',
  about: 'No VirtualService names the Gateway.',
  consequence: 'Requests that arrive are answered 404, connections are closed.',
  remedy: 'Add the Gateway to spec.gateways of a VirtualService, with its namespace where that is another.',
};

interface Served {
  readonly gateway: Gateway;
  readonly server: GatewayServer;
  readonly by: AnalyzedWorkload;
  readonly port: number;
}

/** What Gateways select, and whether their servers go together. */
export const gateways: Analyzer = {
  messages: [conflicting, portNotOffered, mixedPort, noRoutes],
  analyze(mesh, report) {
    const { config } = mesh;
    const named = new Set(config.virtualServices.flatMap((service) => service.gateways));
    const served: Served[] = [];
    for (const gateway of config.gateways) {
      const by = gatewaysSelected(mesh, gateway);
      if (by.length === 0 && mesh.knows.gateways)
        report(
          notFound,
          { ...gateway.origin, path: 'spec.selector' },
          `no gateway has the labels ${shownLabels(gateway.selector)}`,
        );
      if (
        !named.has(gateway.key) &&
        gateway.servers.some(({ spec }) => spec.tls?.mode !== 'AUTO_PASSTHROUGH')
      )
        report(noRoutes, gateway.origin, `no VirtualService names ${gateway.key}`);
      for (const server of gateway.servers) {
        for (const one of by)
          served.push({
            gateway,
            server,
            by: one,
            port: gatewayPodPorts(mesh.config, one)(server.spec.port.number),
          });
        checkPort(mesh, by, server, report);
      }
    }
    const byPlace = Map.groupBy(
      served,
      ({ by, port, server }) => `${by.namespace}/${by.name} ${server.spec.bind ?? ''} ${port}`,
    );
    for (const together of byPlace.values()) checkTogether(together, report);
  },
};

/** The gateways that a Gateway is about: in any namespace, as in Istio. */
export const gatewaysSelected = (
  { workloads }: AnalyzedMesh,
  { selector }: Gateway,
): readonly AnalyzedWorkload[] =>
  workloads.filter(({ isGateway, labels }) => isGateway && selects(selector, labels));

function checkPort(
  { config }: AnalyzedMesh,
  by: readonly AnalyzedWorkload[],
  server: GatewayServer,
  report: Report,
): void {
  const { number } = server.spec.port;
  for (const { namespace, name, labels, ports } of by) {
    const services = config.services
      .byNamespace(namespace)
      .filter(({ selector }) => selector !== undefined && selects(selector, labels));
    const known = services.flatMap((service) => service.ports);
    if (services.length === 0 || known.some((port) => port.number === number || port.targetPort === number))
      continue;
    if (ports.some(({ port }) => port === number) && namespace !== rootNamespace) continue;
    const offered = [...new Set(known.map((port) => port.number))].join(', ');
    report(
      portNotOffered,
      { ...server.origin, path: `${server.origin.path}.port.number` },
      `the Service of ${namespace}/${name} offers ${offered}, not ${number}`,
    );
  }
}

/** The servers of one port of one gateway, the oldest Gateway first. */
function checkTogether(together: readonly Served[], report: Report): void {
  for (const [index, { gateway, server }] of together.entries()) {
    const older = together.slice(0, index).filter((one) => one.gateway !== gateway);
    const [first] = together;
    if (first !== undefined && transportOf(first.server) !== transportOf(server)) {
      const detail = `speaks ${transportOf(server)}, and ${first.server.origin.path} of Gateway ${first.gateway.key} ${transportOf(first.server)} on the same port`;
      report(mixedPort, { ...server.origin, path: `${server.origin.path}.port` }, detail);
      continue;
    }
    for (const other of older) {
      const host = sharedHost(server, other.server);
      if (host !== undefined)
        report(
          conflicting,
          { ...server.origin, path: `${server.origin.path}.hosts` },
          `${host} is served on the same port by the older Gateway ${other.gateway.key} (${other.server.origin.path})`,
        );
    }
  }
}

function transportOf({ protocol, spec }: GatewayServer): string {
  if (spec.tls !== undefined && (protocol === 'https' || protocol === 'tls')) return 'TLS';
  return protocol === 'tcp' ? 'TCP' : 'HTTP';
}

/** The same host of the same namespaces: `*` beside a narrower one is no conflict. */
function sharedHost(a: GatewayServer, b: GatewayServer): string | undefined {
  const bytes = a.protocol === 'tcp' || b.protocol === 'tcp';
  return a.hosts.find((one) =>
    b.hosts.some(
      (other) =>
        (one.host === other.host || (bytes && hostIntersection(one.host, other.host) !== undefined)) &&
        (one.namespace === other.namespace || one.namespace === '*' || other.namespace === '*'),
    ),
  )?.host;
}

import type { Origin } from '@tulle/xds/resource';
import type { Destination, HttpRouteSpec, VirtualServiceSpec } from '../../model/istio.ts';
import { findPort } from '../../model/services/service.ts';
import { destinationsOf, meshGateway, type VirtualService } from '../../model/traffic/virtual-service.ts';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh } from '../mesh.ts';
import type { Message, Report } from '../message.ts';

const portNeeded: Message = {
  code: 'IST0112',
  name: 'VirtualServiceDestinationPortSelectorRequired',
  level: 'Error',
  about:
    'A route leads to a service with several ports without saying which, and the port that is called is none of them.',
  consequence: 'Requests that come by that port are answered 503.',
  remedy: 'Add destination.port.number.',
};

const mirrorToItself: Message = {
  code: 'TUL0106',
  name: 'MirrorToItself',
  level: 'Warning',
  about: 'A route mirrors to where it leads.',
  consequence: 'Each request is served twice by the same instances, with all that it changes.',
  remedy: 'Mirror to another subset or service.',
};

const neverChosen: Message = {
  code: 'TUL0107',
  name: 'DestinationNeverChosen',
  level: 'Info',
  about: 'A destination has the weight 0 beside others.',
  consequence: 'It gets no requests.',
  remedy: 'Nothing, while a release is prepared or ended; else remove it.',
};

const unusedDelegate: Message = {
  code: 'TUL0108',
  name: 'DelegateNotUsed',
  level: 'Info',
  about: 'A VirtualService without hosts is delegated to by none.',
  consequence: 'Its rules are not used.',
  remedy: 'Delegate to it, give it hosts, or remove it.',
};

/** Where routes lead. */
export const destinations: Analyzer = {
  messages: [portNeeded, mirrorToItself, neverChosen, unusedDelegate],
  analyze(mesh, report) {
    for (const service of mesh.config.virtualServices) {
      if (mesh.knows.hosts) checkPorts(mesh, service, report);
      for (const { spec, origins } of service.http) checkRoute(spec, origins.at(-1) as Origin, report);
    }
    checkDelegates(mesh, report);
  },
};

function checkPorts(mesh: AnalyzedMesh, service: VirtualService, report: Report): void {
  const called = calledPorts(mesh, service);
  for (const { destination, path } of destinationsOf(service)) {
    const target = mesh.config.services.visible(destination.host, service.namespace);
    if (target === undefined || target.ports.length < 2 || destination.port?.number) continue;
    const lost = called.find((number) => findPort(target, number) === undefined);
    if (lost === undefined) continue;
    const known = target.ports.map(({ number }) => number).join(', ');
    report(
      portNeeded,
      { ...service.origin, path },
      `${target.host} has the ports ${known}, and requests come by ${lost}`,
    );
  }
}

/** Ports by which requests reach the rules: of the hosts, of the gateways' servers. */
function calledPorts(
  { config }: AnalyzedMesh,
  { gateways, hosts, namespace }: VirtualService,
): readonly number[] {
  const ofGateways = config.gateways
    .filter(({ key }) => gateways.includes(key))
    .flatMap(({ servers }) => servers.map(({ spec }) => spec.port.number));
  if (!gateways.includes(meshGateway)) return ofGateways;
  const ofHosts = hosts.flatMap((host) => config.services.visible(host, namespace)?.ports ?? []);
  return [...ofGateways, ...ofHosts.map(({ number }) => number)];
}

const same = (a: Destination, b: Destination): boolean =>
  a.host === b.host && (a.subset ?? '') === (b.subset ?? '') && a.port?.number === b.port?.number;

function checkRoute(
  { route = [], mirror, mirrors = [] }: HttpRouteSpec,
  origin: Origin,
  report: Report,
): void {
  const at = (path: string): Origin => ({ ...origin, path: `${origin.path}.${path}` });
  const copies = [
    ...(mirror === undefined ? [] : [{ destination: mirror, path: 'mirror' }]),
    ...mirrors.map(({ destination }, index) => ({ destination, path: `mirrors[${index}].destination` })),
  ];
  for (const { destination, path } of copies)
    if (route.some((one) => same(one.destination, destination)))
      report(
        mirrorToItself,
        at(path),
        `${[destination.host, destination.subset].filter(Boolean).join(' ')} is where the route leads`,
      );
  for (const [index, { destination, weight }] of route.entries())
    if (route.length > 1 && (weight ?? 0) === 0)
      report(
        neverChosen,
        at(`route[${index}]`),
        `${[destination.host, destination.subset].filter(Boolean).join(' ')} has the weight 0`,
      );
}

function checkDelegates({ resources }: AnalyzedMesh, report: Report): void {
  const all = resources<VirtualServiceSpec>('VirtualService');
  const used = new Set(
    all.flatMap(({ spec, namespace }) =>
      (spec.http ?? []).flatMap(({ delegate }) =>
        delegate ? [`${delegate.namespace || namespace}/${delegate.name}`] : [],
      ),
    ),
  );
  for (const { spec, namespace, name, at } of all)
    if (!spec.hosts?.length && !used.has(`${namespace}/${name}`))
      report(unusedDelegate, at(), 'no VirtualService delegates to it');
}

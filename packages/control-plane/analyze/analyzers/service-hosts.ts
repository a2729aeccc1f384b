import type { ServiceEntrySpec } from '../../model/istio.ts';
import { isExportedTo } from '../../model/services/host.ts';
import type { Service } from '../../model/services/service.ts';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh } from '../mesh.ts';
import type { Message, Report } from '../message.ts';

const addressNeeded: Message = {
  code: 'IST0134',
  name: 'ServiceEntryAddressesRequired',
  level: 'Warning',
  about:
    'A ServiceEntry for TCP has no address, and the mesh gives none to wildcards and to resolution NONE.',
  consequence: 'Captured connections to its port cannot be told from those to others.',
  remedy: 'Add addresses, or give each host a ServiceEntry of its own with another resolution.',
};

const sameHost: Message = {
  code: 'TUL0701',
  name: 'HostOfSeveralServices',
  level: 'Warning',
  about: 'Several ServiceEntries, or a Service and one, claim a host and are visible to the same callers.',
  consequence: 'Callers see one: their own namespace’s, then a Service, then the oldest.',
  remedy: 'Merge them, or limit each by exportTo.',
};

const sameAddress: Message = {
  code: 'TUL0702',
  name: 'AddressOfSeveralServices',
  level: 'Error',
  about: 'Services of different hosts have the same address and port.',
  consequence: 'Captured connections to the address reach only one of them.',
  remedy: 'Give each an address of its own, or leave addresses out: the mesh allocates them.',
};

const otherProtocol: Message = {
  code: 'TUL0703',
  name: 'ConflictingProtocolsOfHost',
  level: 'Warning',
  about: 'A host has a port for which its declarations name different protocols.',
  consequence: 'What callers speak depends on which declaration they see.',
  remedy: 'Name one protocol for the port.',
};

const noEndpoints: Message = {
  code: 'TUL0704',
  name: 'ServiceEntryWithoutEndpoints',
  level: 'Warning',
  about: 'A ServiceEntry with resolution STATIC has no endpoints, and selects none.',
  consequence: 'Calls to it are answered 503 (UH).',
  remedy: 'Add endpoints, or a workloadSelector with WorkloadEntries or workloads that have its labels.',
};

const noTarget: Message = {
  code: 'TUL0705',
  name: 'TargetPortNotFound',
  level: 'Error',
  about: 'The targetPort of a Service is no port of any workload that it selects.',
  consequence: 'Calls to the port are answered 503 (UH).',
  remedy: 'Correct targetPort, by number or name, or add the port to the workload.',
};

/** What several services say of one host, address or port, and whether anything serves them. */
export const serviceHosts: Analyzer = {
  messages: [addressNeeded, sameHost, sameAddress, otherProtocol, noEndpoints, noTarget],
  analyze(mesh, report) {
    const { all } = mesh.config.services;
    for (const [, claims] of Map.groupBy(all, ({ host }) => host))
      if (claims.length > 1) checkClaims(claims, report);
    checkAddresses(all, report);
    for (const { spec, namespace, at } of mesh.resources<ServiceEntrySpec>('ServiceEntry'))
      if (spec.resolution === 'STATIC' && !spec.endpoints?.length && isUnserved(mesh, namespace, spec))
        report(noEndpoints, at('spec.resolution'), `nothing serves ${spec.hosts.join(', ')}`);
    for (const service of all) {
      checkAddressable(mesh, service, report);
      checkTargets(mesh, service, report);
    }
  },
};

const isUnserved = (
  { selected, knows }: AnalyzedMesh,
  namespace: string,
  { workloadSelector }: ServiceEntrySpec,
): boolean =>
  workloadSelector?.labels === undefined ||
  (knows.workloads && selected(namespace, workloadSelector.labels).length === 0);

function checkAddressable(
  { config }: AnalyzedMesh,
  { key, host, ports, origin }: Service,
  report: Report,
): void {
  if (origin.kind !== 'ServiceEntry' || config.serviceAddresses.has(key)) return;
  for (const [index, { number, protocol }] of ports.entries())
    if (protocol === 'tcp' || protocol === 'unspecified')
      report(
        addressNeeded,
        { ...origin, path: `spec.ports[${index}]` },
        `port ${number} of ${host} is for bytes`,
      );
}

function checkClaims(claims: readonly Service[], report: Report): void {
  for (const [index, one] of claims.entries()) {
    const older = claims.slice(0, index).find((other) => seenTogether(one, other));
    if (older === undefined) continue;
    const by = `${older.origin.kind} ${older.namespace}/${older.name}`;
    const decorates = older.origin.kind === 'Service' && older.namespace === one.namespace;
    if (!decorates)
      report(sameHost, { ...one.origin, path: 'spec.hosts' }, `${one.host} is a host of ${by} too`);
    for (const [which, { number, protocol }] of one.ports.entries()) {
      const other = older.ports.find((port) => port.number === number);
      if (other !== undefined && other.protocol !== protocol)
        report(
          otherProtocol,
          { ...one.origin, path: `spec.ports[${which}]` },
          `port ${number} of ${one.host} is ${protocol} here and ${other.protocol} by ${by}`,
        );
    }
  }
}

const seenTogether = (a: Service, b: Service): boolean =>
  isExportedTo(a.exportTo, a.namespace, b.namespace) || isExportedTo(b.exportTo, b.namespace, a.namespace);

function checkAddresses(all: readonly Service[], report: Report): void {
  const owners = new Map<string, Service>();
  for (const service of all)
    for (const address of service.addresses)
      for (const { number } of service.ports) {
        const owner = owners.get(`${address} ${number}`);
        if (owner !== undefined && owner.host !== service.host)
          report(
            sameAddress,
            service.origin,
            `${address}:${number} of ${service.host} is that of ${owner.host} too`,
          );
        owners.set(`${address} ${number}`, owner ?? service);
      }
}

function checkTargets({ workloadsOf }: AnalyzedMesh, service: Service, report: Report): void {
  const { ports, origin, host } = service;
  if (origin.kind !== 'Service') return;
  const serving = workloadsOf(service).filter((one) => one.ports.length > 0);
  if (serving.length === 0) return;
  for (const [index, { number, targetPort }] of ports.entries()) {
    const served = serving.some((one) =>
      one.ports.some((port) => port.port === targetPort || port.name === targetPort),
    );
    if (!served)
      report(
        noTarget,
        { ...origin, path: `spec.ports[${index}]` },
        `no workload of ${host} has the port ${targetPort}, to which ${number} leads`,
      );
  }
}

import type { SidecarSpec } from '../../model/istio.ts';
import { clusterDomain, resolveHost } from '../../model/services/host.ts';
import { importsOf } from '../../model/traffic/imports.ts';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh, AnalyzedWorkload, Written } from '../mesh.ts';
import type { Message, Report } from '../message.ts';

const sameWorkload: Message = {
  code: 'IST0110',
  name: 'ConflictingSidecarWorkloadSelectors',
  level: 'Error',
  about: 'Several Sidecars select the same workload.',
  consequence: 'The oldest counts; the others do nothing for it (in Istio it is left open which).',
  remedy: 'Make their selectors exclude each other, or merge them.',
};

const hidden: Message = {
  code: 'TUL0601',
  name: 'SidecarHidesUpstream',
  level: 'Error',
  about: 'A Sidecar hides a service that a workload declares to call.',
  consequence: 'The workload’s calls leave the mesh, or are refused under REGISTRY_ONLY.',
  remedy: 'Add the host to spec.egress of the Sidecar, or take it off the workload’s upstreams.',
};

const importsNothing: Message = {
  code: 'TUL0602',
  name: 'SidecarImportsNothing',
  level: 'Warning',
  about: 'A host that a Sidecar imports is none of any service or VirtualService.',
  consequence: 'The entry does nothing.',
  remedy: 'Hosts are namespace/name, and the name is full: ./reviews.default.svc.cluster.local.',
};

/** What Sidecars select and what they let their workloads see. */
export const sidecars: Analyzer = {
  messages: [sameWorkload, hidden, importsNothing],
  analyze(mesh, report) {
    const written = mesh.resources<SidecarSpec>('Sidecar');
    for (const sidecar of written) if (mesh.knows.hosts) checkImports(mesh, sidecar, report);
    for (const workload of mesh.workloads) {
      if (workload.isGateway) continue;
      checkSelectors(workload, written, report);
      checkUpstreams(mesh, workload, report);
    }
  },
};

function checkSelectors(
  { namespace, name, labels }: AnalyzedWorkload,
  written: readonly Written<SidecarSpec>[],
  report: Report,
): void {
  const own = written.filter((one) => {
    const selector = Object.entries(one.spec.workloadSelector?.labels ?? {});
    return (
      one.namespace === namespace &&
      selector.length > 0 &&
      selector.every(([key, value]) => labels[key] === value)
    );
  });
  for (const { at, name: self } of own.length > 1 ? own : []) {
    const others = own.filter((one) => one.name !== self).map((one) => one.name);
    report(
      sameWorkload,
      at('spec.workloadSelector'),
      `workload ${name} is selected by Sidecar ${others.join(', ')} too`,
    );
  }
}

function checkUpstreams({ config }: AnalyzedMesh, workload: AnalyzedWorkload, report: Report): void {
  const { namespace, name, labels, upstreams = [] } = workload;
  const egress = config.sidecars.decide(namespace, labels)?.egress;
  if (egress === undefined) return;
  for (const written of upstreams) {
    const host = resolveHost(written.slice(0, written.lastIndexOf(':')), namespace, config.services.has);
    const service = config.services.visible(host, namespace);
    if (service === undefined || egress.some(({ imports }) => imports.hasService(service))) continue;
    const [first] = egress;
    if (first !== undefined)
      report(
        hidden,
        { ...first.origin, path: 'spec.egress' },
        `${name} calls ${written}, and no egress host covers ${service.namespace}/${host}`,
      );
  }
}

function checkImports(
  { config }: AnalyzedMesh,
  { namespace, spec, at }: Written<SidecarSpec>,
  report: Report,
): void {
  for (const [index, { hosts }] of (spec.egress ?? []).entries()) {
    for (const [which, host] of hosts.entries()) {
      if (host.startsWith('~/') || host.endsWith('/*')) continue;
      const imports = importsOf([host], namespace, '');
      const some =
        config.services.all.some((service) => imports.hasService(service)) ||
        config.virtualServices.some((one) =>
          one.hosts.some((name) => imports.hasRoutes(one.namespace, name)),
        );
      if (some) continue;
      const short = /\/[^./]+$/.test(host) ? `; a full name ends in .${namespace}.svc.${clusterDomain}` : '';
      report(
        importsNothing,
        at(`spec.egress[${index}].hosts[${which}]`),
        `no service or VirtualService is ${host}${short}`,
      );
    }
  }
}

import { error, type Finding, warning } from '../finding.ts';
import { nearestName } from '../nearest.ts';
import type { Workload } from '../tulle/workload.ts';
import { circles } from './cycles.ts';
import { hostCovers, type Member, type ResourceSet } from './resource-set.ts';

/** Workloads: what they call and wait for exists; services have workloads; no two bind one port. */
export function workloads(set: ResourceSet, report: (index: number, finding: Finding) => void): void {
  dependencies(set, report);
  upstreams(set, report);
  fixedPorts(set.workloads, report);
  for (const { index, namespace, resource } of set.services) {
    const selector = Object.entries(resource.spec?.selector ?? {});
    const near = set.workloads.filter((workload) => workload.namespace === namespace);
    if (selector.length === 0 || near.length === 0) continue;
    const matches = near.some(({ resource: { spec } }) =>
      selector.every(([key, value]) => spec.labels?.[key] === value),
    );
    if (!matches)
      report(
        index,
        warning(
          'no-workload',
          ['spec', 'selector'],
          `matches no Workload here (${selector.map(([key, value]) => `${key}=${value}`).join(', ')})`,
        ),
      );
  }
}

function dependencies(set: ResourceSet, report: (index: number, finding: Finding) => void): void {
  const byName = new Map(
    set.workloads.map((member) => [`${member.namespace}/${member.resource.metadata.name}`, member]),
  );
  const edges = new Map(
    [...byName].map(([name, { namespace, resource }]) => [
      name,
      (resource.spec.dependsOn ?? []).map((other) => `${namespace}/${other}`),
    ]),
  );
  for (const circle of circles(edges)) {
    const [first = ''] = circle;
    const member = byName.get(first);
    const at = edges.get(first)?.indexOf(circle[1] ?? first) ?? 0;
    if (member !== undefined)
      report(
        member.index,
        error(
          'cycle',
          ['spec', 'dependsOn', at],
          `wait for each other in a circle: ${[...circle, first].join(' → ')}`,
        ),
      );
  }
  for (const [name, { index, namespace, resource }] of byName) {
    for (const [at, other] of (edges.get(name) ?? []).entries()) {
      if (byName.has(other)) continue;
      const near = nearestName(
        resource.spec.dependsOn?.[at] ?? '',
        set.workloads
          .filter((member) => member.namespace === namespace)
          .map((member) => member.resource.metadata.name),
      );
      report(
        index,
        warning(
          'unknown-workload',
          ['spec', 'dependsOn', at],
          `no Workload here is named ${other}${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`,
        ),
      );
    }
  }
}

function upstreams(set: ResourceSet, report: (index: number, finding: Finding) => void): void {
  if (set.hosts.size === 0) return;
  for (const { index, namespace, resource } of set.workloads) {
    for (const [at, upstream] of (resource.spec.upstreams ?? []).entries()) {
      const path = ['spec', 'upstreams', at];
      const colon = upstream.lastIndexOf(':');
      const host = set.resolve(upstream.slice(0, colon), namespace);
      const port = Number(upstream.slice(colon + 1));
      const ports = set.hosts.get(host);
      if (ports === undefined && ![...set.hosts.keys()].some((pattern) => hostCovers(pattern, host))) {
        const near = nearestName(host, set.hosts.keys());
        report(
          index,
          warning(
            'unknown-host',
            path,
            `no Service or ServiceEntry here declares ${host}${near === undefined ? '' : `; did you mean ${near}?`}`,
          ),
        );
      } else if (ports !== undefined && ports.length > 0 && !ports.includes(port)) {
        report(index, warning('unknown-port', path, `${host} has no port ${port} (${ports.join(', ')})`));
      }
    }
  }
}

function fixedPorts(
  members: readonly Member<Workload>[],
  report: (index: number, finding: Finding) => void,
): void {
  const owners = new Map<number, string>();
  for (const { index, namespace, resource } of members) {
    for (const [at, { targetPort }] of (resource.spec.ports ?? []).entries()) {
      if (targetPort === undefined) continue;
      const owner = owners.get(targetPort);
      if (owner !== undefined)
        report(
          index,
          warning(
            'port-conflict',
            ['spec', 'ports', at, 'targetPort'],
            `is bound by Workload ${owner} too: ${targetPort}; both cannot run on one machine`,
          ),
        );
      else owners.set(targetPort, `${namespace}/${resource.metadata.name}`);
    }
  }
}

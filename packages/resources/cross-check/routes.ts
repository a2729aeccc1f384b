import { error, type Finding, warning } from '../finding.ts';
import type { Destination } from '../istio/virtual-service/destination.ts';
import type { VirtualServiceSpec } from '../istio/virtual-service/kind.ts';
import { nearestName } from '../nearest.ts';
import type { FieldPath } from '../path.ts';
import { hostCovers, type ResourceSet } from './resource-set.ts';

/** Destinations of routes: hosts, ports and subsets that are declared. */
export function routes(set: ResourceSet, report: (index: number, finding: Finding) => void): void {
  for (const { index, namespace, resource } of set.virtualServices) {
    const reported = new Set<string>();
    for (const { destination, path } of destinationsOf(resource.spec)) {
      const host = set.resolve(destination.host, namespace);
      for (const finding of [
        ...checkHost(set, destination, host, path),
        ...checkSubset(set, destination, host, path),
      ]) {
        // The same gap in every route of a resource is one finding.
        if (finding.severity === 'warning' && reported.has(finding.message)) continue;
        reported.add(finding.message);
        report(index, finding);
      }
    }
  }
}

function destinationsOf(spec: VirtualServiceSpec): { destination: Destination; path: FieldPath }[] {
  const found: { destination: Destination; path: FieldPath }[] = [];
  for (const protocol of ['http', 'tls', 'tcp'] as const) {
    for (const [which, { route = [] }] of (spec[protocol] ?? []).entries()) {
      for (const [at, { destination }] of route.entries())
        found.push({ destination, path: ['spec', protocol, which, 'route', at, 'destination'] });
    }
  }
  for (const [which, { mirror, mirrors = [] }] of (spec.http ?? []).entries()) {
    if (mirror !== undefined) found.push({ destination: mirror, path: ['spec', 'http', which, 'mirror'] });
    for (const [at, { destination }] of mirrors.entries())
      found.push({ destination, path: ['spec', 'http', which, 'mirrors', at, 'destination'] });
  }
  return found;
}

function checkHost(set: ResourceSet, { port }: Destination, host: string, path: FieldPath): Finding[] {
  // A set that declares no host at all is a part of something: nothing can be said about hosts then.
  if (set.hosts.size === 0) return [];
  const declared = set.hosts.get(host);
  if (declared === undefined) {
    if ([...set.hosts.keys()].some((pattern) => hostCovers(pattern, host))) return [];
    const near = nearestName(host, set.hosts.keys());
    return [
      warning(
        'unknown-host',
        [...path, 'host'],
        `no Service or ServiceEntry here declares ${host}${near === undefined ? '' : `; did you mean ${near}?`}`,
      ),
    ];
  }
  const number = port?.number ?? 0;
  if (number === 0 || declared.length === 0 || declared.includes(number)) return [];
  return [
    warning(
      'unknown-port',
      [...path, 'port', 'number'],
      `${host} has no port ${number} (${declared.join(', ')})`,
    ),
  ];
}

function checkSubset(
  set: ResourceSet,
  { subset = '' }: Destination,
  host: string,
  path: FieldPath,
): Finding[] {
  if (subset === '') return [];
  const rules = set.destinationRules.filter(({ resource, namespace }) =>
    hostCovers(set.resolve(resource.spec.host, namespace), host),
  );
  const known = rules.flatMap(({ resource }) => (resource.spec.subsets ?? []).map(({ name }) => name));
  if (known.includes(subset)) return [];
  if (rules.length === 0) {
    return [
      warning(
        'unknown-subset',
        [...path, 'subset'],
        `no DestinationRule here defines subset ${JSON.stringify(subset)} of ${host}`,
      ),
    ];
  }
  const near = nearestName(subset, known);
  const names = rules.map(({ resource, namespace }) => `${namespace}/${resource.metadata.name}`).join(', ');
  const has = known.length === 0 ? 'has no subsets' : `has ${known.join(', ')}`;
  return [
    error(
      'unknown-subset',
      [...path, 'subset'],
      `unknown subset ${JSON.stringify(subset)} of ${host}: DestinationRule ${names} ${has}${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`,
    ),
  ];
}

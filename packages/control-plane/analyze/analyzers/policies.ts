import type { PeerAuthenticationSpec } from '../../model/istio.ts';
import { bySeniority, rootNamespaces, seniorityOf } from '../../model/origin.ts';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh, Written } from '../mesh.ts';
import type { Message, Report } from '../message.ts';

const severalWide: Message = {
  code: 'TUL0901',
  name: 'ConflictingPeerAuthentications',
  level: 'Warning',
  about: 'Several PeerAuthentications hold for the same workloads: without a selector, or with the same one.',
  consequence: 'The oldest counts; the others do nothing.',
  remedy: 'Keep one.',
};

const unknownPort: Message = {
  code: 'TUL0902',
  name: 'PortLevelMtlsWithoutPort',
  level: 'Warning',
  about: 'portLevelMtls is for a port that no selected workload has.',
  consequence: 'It does nothing.',
  remedy: 'It is the workload’s port, not the Service’s.',
};

const shadowed: Message = {
  code: 'TUL0903',
  name: 'PolicyOfSameTarget',
  level: 'Warning',
  about: 'Several HealthCheckPolicies are for the same host, port and subset.',
  consequence: 'The oldest counts; the others do nothing.',
  remedy: 'Keep one.',
};

/** Policies that others of their kind leave nothing to, or that lead nowhere. */
export const policies: Analyzer = {
  messages: [severalWide, unknownPort, shadowed],
  analyze(mesh, report) {
    const all = mesh.resources<PeerAuthenticationSpec>('PeerAuthentication');
    overruled(
      all,
      ({ namespace, spec }) => `${namespace} ${JSON.stringify(labelsOf(spec))}`,
      (one, by) =>
        report(
          severalWide,
          one.at('spec.selector'),
          `the older PeerAuthentication ${by.name} holds for the same workloads`,
        ),
    );
    for (const one of all) checkPorts(mesh, one, report);
    const { all: checks } = mesh.config.healthChecks;
    for (const [index, one] of checks.entries()) {
      const key = ({ namespace, host, spec }: (typeof checks)[number]) =>
        `${namespace} ${host} ${spec.port?.number} ${spec.subset}`;
      const older = checks.slice(0, index).find((other) => key(other) === key(one));
      if (older !== undefined)
        report(
          shadowed,
          { ...one.origin, path: 'spec.host' },
          `the older HealthCheckPolicy ${older.name} is for ${one.host} too`,
        );
    }
  },
};

const labelsOf = ({ selector }: PeerAuthenticationSpec): readonly (readonly [string, string])[] =>
  Object.entries(selector?.matchLabels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** Says of each but the oldest of what has the same key. */
function overruled<Spec>(
  all: readonly Written<Spec>[],
  key: (one: Written<Spec>) => string,
  say: (one: Written<Spec>, by: Written<Spec>) => void,
): void {
  for (const group of Map.groupBy(all, key).values()) {
    const [oldest, ...others] = group.toSorted((a, b) =>
      bySeniority(seniorityOf(a.metadata), seniorityOf(b.metadata)),
    );
    if (oldest !== undefined) for (const one of others) say(one, oldest);
  }
}

function checkPorts(
  { workloadsIn, selected, knows }: AnalyzedMesh,
  { namespace, spec, at }: Written<PeerAuthenticationSpec>,
  report: Report,
): void {
  const labels = spec.selector?.matchLabels;
  const workloads = labels === undefined ? workloadsIn(namespace) : selected(namespace, labels);
  if (!knows.workloads || rootNamespaces.includes(namespace) || workloads.length === 0) return;
  for (const port of Object.keys(spec.portLevelMtls ?? {}))
    if (!workloads.some(({ ports }) => ports.length === 0 || ports.some((one) => one.port === Number(port))))
      report(
        unknownPort,
        at(`spec.portLevelMtls.${port}`),
        `no port ${port} of ${workloads.map(({ name }) => name).join(', ')}`,
      );
}

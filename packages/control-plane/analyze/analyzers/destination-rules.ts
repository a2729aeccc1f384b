import type { Origin } from '@tulle/xds/resource';
import type { ClientTls, DestinationRuleSpec } from '../../model/istio.ts';
import { bySeniority, seniorityOf } from '../../model/origin.ts';
import { selects } from '../../model/selector.ts';
import { hostCovers, isExportedTo, resolveHost } from '../../model/services/host.ts';
import type { Service } from '../../model/services/service.ts';
import { destinationsOf } from '../../model/traffic/virtual-service.ts';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh, Written } from '../mesh.ts';
import type { Message, Report } from '../message.ts';
import { shownLabels } from './selectors.ts';

const unknownHost: Message = {
  code: 'IST0174',
  name: 'UnknownDestinationRuleHost',
  level: 'Warning',
  about: 'The host of a DestinationRule matches no service.',
  consequence: 'The rule does nothing.',
  remedy:
    'Correct the host; in another namespace write its full name; for a host outside the mesh add a ServiceEntry.',
};

const emptySubset: Message = {
  code: 'IST0173',
  name: 'DestinationRuleSubsetNotSelectPods',
  level: 'Error',
  about: 'The labels of a subset, to which a route leads, select no workload of the service.',
  consequence: 'Requests that are routed to the subset are answered 503 (UH).',
  remedy: 'Correct the labels, start the workload, or remove the subset.',
};

const unusedSubset: Message = {
  code: 'TUL0504',
  name: 'UnusedSubsetWithoutWorkloads',
  level: 'Info',
  about: 'The labels of a subset select no workload, and no route leads to it.',
  consequence: 'None so far; a route that names it would be answered 503.',
  remedy: 'Start the workload before a route names the subset, or remove it.',
};

const noVerification: Message = {
  code: 'IST0128',
  name: 'NoServerCertificateVerificationDestinationLevel',
  level: 'Warning',
  about: 'TLS to a service does not verify the server’s certificate.',
  consequence: 'Whoever answers at the address is believed.',
  remedy: 'Remove insecureSkipVerify; name the authority in caCertificates or credentialName.',
};

const noVerificationOfPort: Message = {
  ...noVerification,
  code: 'IST0129',
  name: 'NoServerCertificateVerificationPortLevel',
  about: 'TLS to a port of a service does not verify the server’s certificate.',
};

const noLabels: Message = {
  code: 'TUL0501',
  name: 'SubsetWithoutLabels',
  level: 'Info',
  about: 'A subset has neither labels nor a trafficPolicy.',
  consequence: 'It is all instances of the service, as if there were no subset.',
  remedy: 'Add the labels that tell its instances, unless this is meant.',
};

const unknownPort: Message = {
  code: 'TUL0502',
  name: 'PortLevelSettingsWithoutPort',
  level: 'Warning',
  about: 'portLevelSettings are for a port that the service does not have.',
  consequence: 'They do nothing.',
  remedy: 'Correct the number: it is the service’s port, not the target’s.',
};

const overruled: Message = {
  code: 'TUL0503',
  name: 'TrafficPolicyOverruled',
  level: 'Warning',
  about: 'An older DestinationRule of the namespace has a trafficPolicy, or the subset, for the same host.',
  consequence: 'The older one’s counts; this one’s is ignored.',
  remedy: 'Merge the rules.',
};

/** DestinationRules that lead nowhere, select nothing or contradict each other. */
export const destinationRules: Analyzer = {
  messages: [
    unknownHost,
    emptySubset,
    unusedSubset,
    noVerification,
    noVerificationOfPort,
    noLabels,
    unknownPort,
    overruled,
  ],
  analyze(mesh, report) {
    const rules = rulesOf(mesh);
    const used = new Map(
      mesh.config.virtualServices.flatMap((service) =>
        [...destinationsOf(service)].map(
          ({ destination }) => [`${destination.host} ${destination.subset}`, service.origin] as const,
        ),
      ),
    );
    for (const rule of rules) {
      const { services } = rule;
      if (mesh.knows.hosts && services.length === 0)
        report(
          unknownHost,
          rule.at('spec.host'),
          `no visible Service or ServiceEntry has the host ${rule.host}`,
        );
      checkSubsets(mesh, rule, used, report);
      checkPorts(rule, report);
      checkVerification(rule, report);
    }
    const groups = Map.groupBy(rules, ({ namespace, host }) => `${namespace}/${host}`);
    for (const group of groups.values()) checkMerged(group, report);
  },
};

export interface AnalyzedRule extends Written<DestinationRuleSpec> {
  readonly host: string;
  readonly services: readonly Service[];
}

/** All DestinationRules with the services that they are about. */
export function rulesOf({ config, resources }: AnalyzedMesh): readonly AnalyzedRule[] {
  return resources<DestinationRuleSpec>('DestinationRule').map((written) => {
    const { namespace, spec } = written;
    const host = resolveHost(spec.host, namespace, config.services.has);
    const exact = config.services.visible(host, namespace);
    const services =
      exact === undefined && host.includes('*')
        ? config.services.all.filter(
            (one) => hostCovers(host, one.host) && isExportedTo(one.exportTo, one.namespace, namespace),
          )
        : [exact].filter((one) => one !== undefined);
    return { ...written, host, services };
  });
}

/** @param used `host subset` to which routes lead, and a VirtualService that has one */
function checkSubsets(
  mesh: AnalyzedMesh,
  { spec, services, at }: AnalyzedRule,
  used: ReadonlyMap<string, Origin>,
  report: Report,
): void {
  for (const [index, { name, labels = {}, trafficPolicy }] of (spec.subsets ?? []).entries()) {
    const path = `spec.subsets[${index}]`;
    if (Object.keys(labels).length === 0) {
      // One for the sake of its policy is Istio's own way, of egress gateways for example.
      if (trafficPolicy === undefined) report(noLabels, at(path), `subset ${name} is every instance`);
      continue;
    }
    const topology = Object.keys(labels).some((label) => label.startsWith('topology.'));
    if (!mesh.knows.workloads || topology || services.length === 0) continue;
    if (services.some((service) => serves(mesh, service, labels))) continue;
    const [leads] = services.flatMap(({ host }) => used.get(`${host} ${name}`) ?? []);
    report(
      leads === undefined ? unusedSubset : emptySubset,
      at(`${path}.labels`),
      `no workload of ${services[0]?.host} has ${shownLabels(labels)}${leads === undefined ? '' : `; ${leads.kind} ${leads.namespace}/${leads.name} leads there`}`,
    );
  }
}

/** Whether anything of a service has the labels; true where nobody lists what there is. */
function serves(
  { workloadsOf }: AnalyzedMesh,
  service: Service,
  labels: Readonly<Record<string, string>>,
): boolean {
  const { selector, listed } = service;
  if (listed.some((endpoint) => selects(labels, endpoint.labels))) return true;
  if (selector === undefined) return listed.length === 0;
  return workloadsOf(service).some((one) => selects(labels, one.labels));
}

function checkPorts({ spec, services, at }: AnalyzedRule, report: Report): void {
  if (services.length === 0) return;
  const policies = [
    { path: 'spec', policy: spec.trafficPolicy },
    ...(spec.subsets ?? []).map((subset, index) => ({
      path: `spec.subsets[${index}]`,
      policy: subset.trafficPolicy,
    })),
  ];
  for (const { path, policy } of policies)
    for (const [index, { port }] of (policy?.portLevelSettings ?? []).entries()) {
      const number = port?.number;
      if (number === undefined || services.some(({ ports }) => ports.some((one) => one.number === number)))
        continue;
      const known = services[0]?.ports.map((one) => one.number).join(', ');
      report(
        unknownPort,
        at(`${path}.trafficPolicy.portLevelSettings[${index}].port.number`),
        `${services[0]?.host} has no port ${number}, only ${known || 'none'}`,
      );
    }
}

function checkVerification({ spec, host, at }: AnalyzedRule, report: Report): void {
  const check = (message: Message, tls: ClientTls | undefined, path: string): void => {
    if ((tls?.mode !== 'SIMPLE' && tls?.mode !== 'MUTUAL') || tls.insecureSkipVerify !== true) return;
    report(message, at(`${path}.tls`), `whatever certificate ${host} shows is accepted`);
  };
  const policies = [spec, ...(spec.subsets ?? [])].map(({ trafficPolicy }, index) => ({
    policy: trafficPolicy,
    path: index === 0 ? 'spec.trafficPolicy' : `spec.subsets[${index - 1}].trafficPolicy`,
  }));
  for (const { policy, path } of policies) {
    check(noVerification, policy?.tls, path);
    for (const [index, { tls }] of (policy?.portLevelSettings ?? []).entries())
      check(noVerificationOfPort, tls, `${path}.portLevelSettings[${index}]`);
  }
}

/** Rules of one namespace for one host, as they are merged: the oldest first. */
function checkMerged(group: readonly AnalyzedRule[], report: Report): void {
  const wide = group
    .filter(({ spec }) => spec.workloadSelector === undefined)
    .toSorted((a, b) => bySeniority(seniorityOf(a.metadata), seniorityOf(b.metadata)));
  for (const [index, { spec, at }] of wide.entries()) {
    const older = wide.slice(0, index);
    const policy = older.find((one) => one.spec.trafficPolicy !== undefined);
    if (policy !== undefined && spec.trafficPolicy !== undefined)
      report(
        overruled,
        at('spec.trafficPolicy'),
        `the trafficPolicy of the older DestinationRule ${policy.name} counts`,
      );
    for (const [which, { name }] of (spec.subsets ?? []).entries()) {
      const same = older.find((one) => one.spec.subsets?.some((subset) => subset.name === name));
      if (same !== undefined)
        report(
          overruled,
          at(`spec.subsets[${which}]`),
          `subset ${name} of the older DestinationRule ${same.name} counts`,
        );
    }
  }
}

import type { ClientTls } from '../../model/istio.ts';
import { selects } from '../../model/selector.ts';
import type { Service, ServicePort } from '../../model/services/service.ts';
import { settingsFor } from '../../model/traffic/traffic-policy.ts';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh, AnalyzedWorkload } from '../mesh.ts';
import type { Message, Report } from '../message.ts';
import { type AnalyzedRule, rulesOf } from './destination-rules.ts';

const conflict: Message = {
  code: 'IST0113',
  name: 'MTLSPolicyConflict',
  level: 'Error',
  about: 'A DestinationRule and a PeerAuthentication contradict each other about mTLS.',
  consequence: 'Connections to the service fail: 503 with UF, or a reset.',
  remedy:
    'Leave tls out of the DestinationRule: callers then speak what the service takes. Or change the PeerAuthentication.',
};

const noSidecar: Message = {
  code: 'TUL0511',
  name: 'MutualTlsWithoutSidecar',
  level: 'Error',
  about: 'A DestinationRule asks for the mesh’s mTLS with something that has no sidecar.',
  consequence: 'The handshake fails: 503 with UF.',
  remedy: 'Leave tls out, or use SIMPLE or DISABLE as the service speaks.',
};

/** TLS modes of callers against what is there. */
export const mutualTls: Analyzer = {
  messages: [conflict, noSidecar],
  analyze(mesh, report) {
    for (const rule of rulesOf(mesh))
      for (const service of rule.services) checkService(mesh, rule, service, report);
  },
};

function checkService(
  mesh: AnalyzedMesh,
  { spec, at }: AnalyzedRule,
  service: Service,
  report: Report,
): void {
  const parts = [undefined, ...(spec.subsets ?? []).keys()];
  for (const part of parts) {
    const subset = part === undefined ? undefined : spec.subsets?.[part];
    // What the rule as a whole says is said once.
    if (subset !== undefined && subset.trafficPolicy === undefined) continue;
    const path = part === undefined ? 'spec.trafficPolicy' : `spec.subsets[${part}].trafficPolicy`;
    for (const port of service.ports) {
      const { tls } = settingsFor(spec.trafficPolicy, subset?.trafficPolicy, port.number);
      if (tls?.mode === undefined) continue;
      const [message, detail] = whyNot(mesh, service, port, tls, subset?.labels ?? {}) ?? [];
      if (message !== undefined && detail !== undefined) report(message, at(path), detail);
    }
  }
}

function whyNot(
  { config, workloadsOf, knows }: AnalyzedMesh,
  service: Service,
  port: ServicePort,
  { mode }: ClientTls,
  labels: Readonly<Record<string, string>>,
): readonly [Message, string] | undefined {
  const { host, external, selector, namespace } = service;
  if (external && mode === 'ISTIO_MUTUAL')
    return [noSidecar, `${host} is outside the mesh, and the rule says ISTIO_MUTUAL`];
  if (selector === undefined || !knows.workloads) return undefined;
  for (const one of workloadsOf(service)) {
    if (one.isGateway || !selects(labels, one.labels)) continue;
    if (!one.hasSidecar) {
      if (mode === 'ISTIO_MUTUAL')
        return [
          noSidecar,
          `${namespace}/${one.name} of ${host} has no sidecar, and the rule says ISTIO_MUTUAL`,
        ];
      continue;
    }
    const { mode: taken, origin } = config.peerAuthentications.decide(
      namespace,
      one.labels,
      targetOf(port, one),
    );
    const by = origin === undefined ? 'the Mesh' : `PeerAuthentication ${origin.namespace}/${origin.name}`;
    if ((mode !== 'ISTIO_MUTUAL' && taken === 'STRICT') || (mode === 'ISTIO_MUTUAL' && taken === 'DISABLE'))
      return [
        conflict,
        `callers of ${host}:${port.number} use ${mode}, and ${by} says ${taken} for ${namespace}/${one.name}`,
      ];
  }
  return undefined;
}

const targetOf = ({ number, targetPort }: ServicePort, { ports }: AnalyzedWorkload): number =>
  typeof targetPort === 'number'
    ? targetPort
    : (ports.find(({ name }) => name === targetPort)?.port ?? number);

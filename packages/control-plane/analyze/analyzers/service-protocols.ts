import type { KubernetesServiceSpec } from '../../model/services/kubernetes-service.ts';
import { portProtocol } from '../../model/services/protocol.ts';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh, AnalyzedWorkload } from '../mesh.ts';
import type { Message, Report } from '../message.ts';

const otherProtocols: Message = {
  code: 'IST0116',
  name: 'DeploymentAssociatedToMultipleServices',
  level: 'Warning',
  about: 'Several Services say different protocols of the same port of a workload.',
  consequence: 'The workload’s sidecar takes one of them for all callers.',
  remedy: 'Give the ports names of the same protocol.',
};

const unnamed: Message = {
  code: 'IST0118',
  name: 'PortNameIsNotUnderNamingConvention',
  level: 'Info',
  about: 'Neither the name nor the appProtocol of a port says what it speaks.',
  consequence:
    'It is found out from the first bytes of each connection; where the server speaks first that takes a moment.',
  remedy: 'Name it http-…, grpc-…, tcp-…, or set appProtocol.',
};

const otherPorts: Message = {
  code: 'IST0137',
  name: 'DeploymentConflictingPorts',
  level: 'Warning',
  about: 'Services lead to the same port of a workload from different ports of their own.',
  consequence:
    'Istio may use the settings of either port; here each caller uses those of the port that it calls.',
  remedy: 'Use the same port in all Services of a workload.',
};

const externalName: Message = {
  code: 'IST0150',
  name: 'ExternalNameServiceTypeInvalidPortName',
  level: 'Warning',
  about: 'A port of a Service of type ExternalName does not say HTTP.',
  consequence:
    'By bytes alone it cannot be told from others: it is reached only where its address is its own.',
  remedy: 'Name the port http, https or tls, if it is; or use a ServiceEntry.',
};

interface Use {
  readonly service: string;
  readonly number: number;
  readonly protocol: string;
}

/** What the ports of Services say. */
export const serviceProtocols: Analyzer = {
  messages: [otherProtocols, unnamed, otherPorts, externalName],
  analyze(mesh, report) {
    const services = mesh.resources<KubernetesServiceSpec>('Service');
    for (const { spec, at } of services) {
      for (const [index, port] of (spec.ports ?? []).entries()) {
        const protocol = portProtocol({ ...port, number: port.port });
        const origin = at(`spec.ports[${index}]`);
        const name = port.name === undefined ? 'without a name' : `named ${port.name}`;
        if (spec.type === 'ExternalName') {
          if (protocol === 'tcp' || protocol === 'unspecified')
            report(externalName, origin, `port ${port.port}, ${name}, is taken for bytes`);
        } else if (protocol === 'unspecified')
          report(unnamed, origin, `port ${port.port} ${name} says no protocol`);
      }
    }
    for (const workload of mesh.workloads) checkWorkload(mesh, workload, report);
  },
};

/** One workload as all Services together see it. */
function checkWorkload({ servicesOf }: AnalyzedMesh, workload: AnalyzedWorkload, report: Report): void {
  const { name, ports } = workload;
  const uses = new Map<number, Use[]>();
  for (const { ports: offered, origin, host } of servicesOf(workload)) {
    if (origin.kind !== 'Service') continue;
    for (const [index, { number, protocol, targetPort }] of offered.entries()) {
      const target =
        typeof targetPort === 'number' ? targetPort : ports.find((port) => port.name === targetPort)?.port;
      if (target === undefined) continue;
      const others = uses.get(target) ?? [];
      const at = { ...origin, path: `spec.ports[${index}]` };
      const other = others.find((one) => one.service !== host);
      const disagrees = others.find((one) => one.service !== host && one.protocol !== protocol);
      if (disagrees !== undefined)
        report(
          otherProtocols,
          at,
          `port ${target} of ${name} is ${protocol} here and ${disagrees.protocol} by ${disagrees.service}`,
        );
      if (other !== undefined && other.number !== number)
        report(
          otherPorts,
          at,
          `port ${target} of ${name} is ${number} here and ${other.number} by ${other.service}`,
        );
      uses.set(target, [...others, { service: host, number, protocol }]);
    }
  }
}

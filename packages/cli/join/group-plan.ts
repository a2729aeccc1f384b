import { groupLabel } from '@tulle/control-plane/model/instances/instance';
import type { WorkloadGroup, WorkloadGroupSpec } from '@tulle/resources/istio/workload-group';
import type { Probe } from '@tulle/resources/tulle/probe';
import type { PlannedPort } from '../up/workload-plan.ts';

/** What a process becomes that joins by a WorkloadGroup. */
export interface GroupPlan {
  readonly namespace: string;
  /** The group's name: metrics call its instances so. */
  readonly workload: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly PlannedPort[];
  readonly locality?: string;
  readonly network?: string;
  readonly weight?: number;
  readonly readiness?: Probe;
}

/** What a WorkloadGroup says of those that join it. */
export function planGroup({ metadata, spec }: WorkloadGroup): GroupPlan {
  const { template, metadata: own, probe } = spec;
  const { name, namespace = 'default' } = metadata;
  const { locality, network, weight } = template;
  const readiness = probe && planProbe(probe);
  return {
    namespace,
    workload: name,
    serviceAccount: template.serviceAccount || 'default',
    labels: { ...template.labels, ...own?.labels, [groupLabel]: name },
    // The application listens where the group says.
    ports: Object.entries(template.ports ?? {}).map(([portName, port]) => ({
      port,
      name: portName,
      appPort: port,
    })),
    ...(locality && { locality }),
    ...(network && { network }),
    ...(weight && { weight }),
    ...(readiness && { readiness }),
  };
}

/** Istio's probe as a Workload's: what is empty or 0 there is absent here. */
function planProbe(of: NonNullable<WorkloadGroupSpec['probe']>): Probe {
  const { httpGet, tcpSocket, exec, grpc } = of;
  const { initialDelaySeconds, timeoutSeconds, periodSeconds, successThreshold, failureThreshold } = of;
  return {
    ...(httpGet && {
      httpGet: {
        port: httpGet.port,
        ...(httpGet.path && { path: httpGet.path }),
        ...(httpGet.host && { host: httpGet.host }),
        ...(httpGet.scheme && { scheme: httpGet.scheme as 'HTTP' | 'HTTPS' }),
        httpHeaders: (httpGet.httpHeaders ?? []).map(({ name = '', value = '' }) => ({ name, value })),
      },
    }),
    ...(tcpSocket && {
      tcpSocket: { port: tcpSocket.port, ...(tcpSocket.host && { host: tcpSocket.host }) },
    }),
    ...(exec && { exec: { command: exec.command } }),
    ...(grpc?.port && { grpc: { port: grpc.port, ...(grpc.service && { service: grpc.service }) } }),
    ...(initialDelaySeconds && { initialDelaySeconds }),
    ...(timeoutSeconds && { timeoutSeconds }),
    ...(periodSeconds && { periodSeconds }),
    ...(successThreshold && { successThreshold }),
    ...(failureThreshold && { failureThreshold }),
  };
}

import type { Probe as ProbeSpec } from '@tulle/resources/tulle/probe';
import type { InstancePorts } from '../ports/instance-ports.ts';
import type { ChildSpec } from '../process/child.ts';
import type { WorkloadPlan } from '../workload-plan.ts';
import type { AppProbes } from './app-process.ts';
import type { ProbeAction } from './probe.ts';
import type { Probe } from './probe-loop.ts';

/**
 * A Workload's probes with the ports of one instance, with Kubernetes' defaults. Without a readiness probe an
 * open first port means ready; without ports, running does.
 */
export function planProbes(
  plan: Pick<WorkloadPlan, 'probes'>,
  ports: Pick<InstancePorts, 'appPort'>,
  app: Pick<ChildSpec, 'env' | 'cwd'>,
): AppProbes {
  const { startup, readiness, liveness } = plan.probes ?? {};
  const planned = (spec: ProbeSpec): Probe => paced(actionOf(spec, ports, app), spec);
  const firstPort = ports.appPort(undefined);
  return {
    readiness:
      readiness !== undefined
        ? planned(readiness)
        : paced(firstPort === undefined ? { kind: 'none' } : { kind: 'tcpSocket', port: firstPort }, {}),
    ...(liveness === undefined ? {} : { liveness: planned(liveness) }),
    ...(startup === undefined ? {} : { startup: planned(startup) }),
  };
}

function paced(action: ProbeAction, spec: Partial<ProbeSpec>): Probe {
  return {
    action,
    initialDelayMs: (spec.initialDelaySeconds ?? 0) * 1000,
    periodMs: (spec.periodSeconds ?? 10) * 1000,
    timeoutMs: (spec.timeoutSeconds ?? 1) * 1000,
    successThreshold: spec.successThreshold ?? 1,
    failureThreshold: spec.failureThreshold ?? 3,
  };
}

function actionOf(
  { httpGet, tcpSocket, exec, grpc }: ProbeSpec,
  ports: Pick<InstancePorts, 'appPort'>,
  { env, cwd }: Pick<ChildSpec, 'env' | 'cwd'>,
): ProbeAction {
  // A name that no port has can't be asked; port 0 refuses, and the probe says so.
  const portOf = (known: number | string | undefined): number => ports.appPort(asPort(known)) ?? 0;
  if (httpGet !== undefined) {
    const { path = '/', host, scheme, httpHeaders = [] } = httpGet;
    return {
      kind: 'httpGet',
      port: portOf(httpGet.port),
      path,
      ...(host === undefined ? {} : { host }),
      ...(scheme === undefined ? {} : { scheme }),
      headers: Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value])),
    };
  }
  if (tcpSocket !== undefined) {
    const { host } = tcpSocket;
    return { kind: 'tcpSocket', port: portOf(tcpSocket.port), ...(host === undefined ? {} : { host }) };
  }
  if (grpc !== undefined) return { kind: 'grpc', port: portOf(grpc.port), service: grpc.service ?? '' };
  return { kind: 'exec', command: exec?.command ?? [], env, cwd };
}

function asPort(known: number | string | undefined): number | string | undefined {
  return typeof known === 'string' && /^\d+$/.test(known) ? Number(known) : known;
}

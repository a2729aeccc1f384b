import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { parseDuration } from '@tulle/resources/schema/duration';
import type { Workload, WorkloadSpec } from '@tulle/resources/tulle/workload';
import type { ProxyMetadata } from '@tulle/xds/node';
import type { RestartPolicy } from './app/app-process.ts';
import { type CapturedUpstream, parseUpstream } from './app/env-capture.ts';
import { parseQuantity } from './app/quantity.ts';
import { FIRST_WAIT_MS, LONGEST_WAIT_MS } from './process/restart-delay.ts';
import { proxyRestartOf } from './proxy/proxy-restart.ts';

/** A value of an application's environment: as written, or to be fetched from the API at start. */
export type EnvValue =
  | { readonly kind: 'literal'; readonly value: string }
  | {
      readonly kind: 'secret' | 'configMap';
      readonly name: string;
      readonly key: string;
      readonly optional: boolean;
    };

export interface PlannedPort {
  readonly port: number;
  readonly name?: string;
  readonly protocol?: string;
  /** Where the application listens by itself, when it can't be told by PORT; of a gateway, where that does. */
  readonly appPort?: number;
}

/** A Workload as the supervisor needs it, every default filled in. */
export interface WorkloadPlan {
  readonly namespace: string;
  readonly name: string;
  /** Of everything that needs a new process when it changes. */
  readonly hash: string;
  readonly replicas: number;
  /** Undefined: it is a gateway, a proxy without an application. */
  readonly command: readonly [string, ...string[]] | undefined;
  readonly env: Readonly<Record<string, EnvValue>>;
  readonly cwd: string;
  readonly user?: string;
  readonly ports: readonly PlannedPort[];
  readonly upstreams: readonly Omit<CapturedUpstream, 'bindPort'>[];
  /** Whether the Workload says whom it calls, even if nobody. */
  readonly onlyDeclared: boolean;
  /** Keys (`namespace/name`) of workloads that must be ready before it starts. */
  readonly dependsOn: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** The program that runs as the sidecar. */
  readonly engine: ProxyMetadata['TULLE_ENGINE'];
  /** How traffic reaches it. */
  readonly capture: CaptureMode;
  /** Worker processes of the sidecar; the mesh's when absent. 0: one per processor. */
  readonly concurrency?: number;
  /** When it changes, the sidecars are replaced while they serve. */
  readonly proxyRestart?: string;
  readonly locality?: string;
  readonly network?: string;
  readonly weight?: number;
  readonly probes: WorkloadSpec['probes'];
  /** The mesh's when absent. */
  readonly drainSeconds?: number;
  readonly stopSeconds: number;
  readonly restartPolicy: RestartPolicy;
  readonly limits: ResourceLimits;
  /** First and longest wait before a restart, in milliseconds. */
  readonly backOff: { readonly firstMs: number; readonly longestMs: number };
}

export type CaptureMode = NonNullable<WorkloadSpec['capture']>;

export interface ResourceLimits {
  /** Bytes of private memory (RLIMIT_DATA). */
  readonly memoryBytes?: number;
  readonly openFiles?: number;
  readonly processes?: number;
}

export function keyOfPlan(plan: Pick<WorkloadPlan, 'namespace' | 'name'>): string {
  return `${plan.namespace}/${plan.name}`;
}

/** What holds for Workloads that do not say. */
export interface PlanDefaults {
  /** Where an application starts whose Workload names no absolute directory. */
  readonly directory: string;
  readonly capture: CaptureMode;
}

/**
 * What a Workload asks of this machine, with defaults filled in. Equal specs (but for `replicas`) have equal hashes.
 */
export function planWorkload(workload: Workload, defaults: PlanDefaults): WorkloadPlan {
  const { metadata, spec } = workload;
  const { name, namespace = 'default' } = metadata;
  const { initial, max } = spec.restartBackoff ?? {};
  const { replicas = 1, ...rest } = spec;
  return {
    namespace,
    name,
    hash: createHash('sha256').update(canonicalJson(rest)).digest('hex').slice(0, 12),
    replicas,
    command: planCommand(spec),
    env: planEnv(spec.env),
    cwd: resolve(defaults.directory, spec.workingDirectory ?? '.'),
    ...(spec.user === undefined ? {} : { user: spec.user }),
    ports: (spec.ports ?? (spec.role === 'gateway' ? gatewayPorts : [])).map(
      ({ port, name: portName, appProtocol, targetPort }) => ({
        port,
        ...(portName === undefined ? {} : { name: portName }),
        ...(appProtocol === undefined ? {} : { protocol: appProtocol }),
        ...(targetPort === undefined ? {} : { appPort: targetPort }),
      }),
    ),
    upstreams: (spec.upstreams ?? []).flatMap((text) => parseUpstream(text) ?? []),
    onlyDeclared: spec.upstreams !== undefined,
    dependsOn: (spec.dependsOn ?? []).map((other) => `${namespace}/${other}`),
    labels: spec.labels ?? {},
    serviceAccount: spec.serviceAccount ?? 'default',
    engine: spec.engine ?? 'tulle',
    capture: spec.capture ?? defaults.capture,
    ...proxyRestartOf(workload),
    ...(spec.concurrency === undefined ? {} : { concurrency: spec.concurrency }),
    ...(spec.locality === undefined ? {} : { locality: spec.locality }),
    ...(spec.network === undefined ? {} : { network: spec.network }),
    ...(spec.weight === undefined ? {} : { weight: spec.weight }),
    probes: spec.probes,
    ...(spec.drainSeconds === undefined ? {} : { drainSeconds: spec.drainSeconds }),
    stopSeconds: spec.stopSeconds ?? 2,
    restartPolicy: spec.restartPolicy ?? 'Always',
    limits: planLimits(spec.resources?.limits),
    backOff: {
      firstMs: (initial === undefined ? undefined : parseDuration(initial)) ?? FIRST_WAIT_MS,
      longestMs: (max === undefined ? undefined : parseDuration(max)) ?? LONGEST_WAIT_MS,
    },
  };
}

/** The pod ports of Istio's gateways. */
const gatewayPorts: NonNullable<WorkloadSpec['ports']> = [
  { port: 8080, name: 'http' },
  { port: 8443, name: 'https' },
];

function planCommand({ role, command = [] }: WorkloadSpec): WorkloadPlan['command'] {
  const [program = '', ...args] = command;
  return role === 'gateway' ? undefined : [program, ...args];
}

function planEnv(env: WorkloadSpec['env']): Record<string, EnvValue> {
  const planned: Record<string, EnvValue> = {};
  if (env === undefined) return planned;
  if (!Array.isArray(env)) {
    for (const [name, value] of Object.entries(env))
      planned[name] = { kind: 'literal', value: String(value) };
    return planned;
  }
  for (const { name, value, valueFrom } of env) {
    const ref = valueFrom?.secretKeyRef ?? valueFrom?.configMapKeyRef;
    planned[name] =
      ref === undefined
        ? { kind: 'literal', value: value ?? '' }
        : {
            kind: valueFrom?.secretKeyRef === undefined ? 'configMap' : 'secret',
            name: ref.name,
            key: ref.key,
            optional: ref.optional ?? false,
          };
  }
  return planned;
}

function planLimits(limits: NonNullable<WorkloadSpec['resources']>['limits']): ResourceLimits {
  const memoryBytes = limits?.memory === undefined ? undefined : parseQuantity(limits.memory);
  return {
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(limits?.openFiles === undefined ? {} : { openFiles: limits.openFiles }),
    ...(limits?.processes === undefined ? {} : { processes: limits.processes }),
  };
}

/** JSON with sorted keys: equal specs give equal text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Probe as ProbeSpec } from '@tulle/resources/tulle/probe';
import type { ProxyMetadata } from '@tulle/xds/node';
import type { Connection } from '../api/connect.ts';
import { enrolmentToken } from '../api/enrolment.ts';
import { Failure } from '../failure.ts';
import { inheritedEnv } from '../up/app/app-env.ts';
import { captureEnv } from '../up/app/env-capture.ts';
import { type ProbeLoop, startProbeLoop } from '../up/app/probe-loop.ts';
import { planProbes } from '../up/app/probe-plan.ts';
import type { UserIds } from '../up/app/user.ts';
import { appGroup, Capture, proxyGroup } from '../up/capture/capture.ts';
import { serviceAddressesOf } from '../up/capture/service-addresses.ts';
import { type InstancePorts, sidecarPorts } from '../up/ports/instance-ports.ts';
import { PortAllocator } from '../up/ports/ports.ts';
import { type ChildRegistry, describeSpawnError } from '../up/process/child.ts';
import { lastWords } from '../up/process/log-file.ts';
import { identifyProcess, type ProcessIdentity } from '../up/process/process-identity.ts';
import { Warden } from '../up/process/warden.ts';
import { makeBootstrap } from '../up/proxy/bootstrap-file.ts';
import { ProxyProcess } from '../up/proxy/proxy-process.ts';
import { followProxySettings } from '../up/proxy/proxy-settings.ts';
import { type InstanceStatus, RegistrationStatus } from '../up/registration-status.ts';
import type { CaptureMode, PlannedPort } from '../up/workload-plan.ts';

/** A process that joins a mesh for as long as it runs. */
export interface JoinPlan {
  readonly namespace: string;
  readonly workload: string;
  readonly instance: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The program that runs as its sidecar. */
  readonly engine: ProxyMetadata['TULLE_ENGINE'];
  readonly capture: CaptureMode;
  readonly ports: readonly PlannedPort[];
  readonly upstreams: readonly { readonly host: string; readonly port: number }[];
  readonly locality?: string;
  readonly network?: string;
  readonly weight?: number;
  /** An open first port is enough without; without ports, that it runs. */
  readonly readiness?: ProbeSpec;
  /** Without, something else runs the application: the sidecar stays until it is interrupted. */
  readonly command?: readonly [string, ...string[]];
  /** Whom the command runs as; as us without. */
  readonly user?: UserIds;
}

export interface JoinSurroundings {
  readonly connection: Connection;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** At a terminal Ctrl-C reaches the command by itself. */
  readonly isTerminal: boolean;
  readonly interrupted: AbortSignal;
  readonly say: (text: string) => void;
}

const SIDECAR_WITHIN_MS = 15_000;
const quickMs = 2_000;

/**
 * Starts the sidecar, then the command as a member of the mesh, and stays until the command ends.
 * @returns its exit code; 128 and the signal's number when a signal ended it, as a shell has it; 0 without a command
 */
export async function runJoined(plan: JoinPlan, around: JoinSurroundings): Promise<number> {
  const { connection, say, interrupted } = around;
  const { client, run, state } = connection;
  const controlPlane = run.controlPlane;
  if (controlPlane === undefined) throw new Failure(`mesh ${run.mesh} is still starting`);
  const followed = await followProxySettings(client, run.mesh);
  const settings = () => followed.of(plan.namespace, plan.labels);
  const warden = new Warden();
  const owner = identifyProcess(process.pid) as ProcessIdentity;
  const capture = new Capture({
    mesh: run.mesh,
    owner,
    serviceAddresses: await serviceAddressesOf(client, run.mesh),
  });
  const registry: ChildRegistry = {
    place: (group, start) => capture.start(group, start),
    started: ({ role }, identity) => warden.add(role, identity),
    ended: (_, { pid }) => warden.remove(pid),
  };
  const registrations = new RegistrationStatus(client);
  const allocator = new PortAllocator(process.pid * 64);
  const ports = await sidecarPorts(allocator, plan);
  const stateDir = state.proxyState(plan.instance);
  // What a killed one of the same name has left is bound to what that one was.
  rmSync(stateDir, { recursive: true, force: true });
  const sidecarReady = Promise.withResolvers<void>();
  let app: ChildProcess | undefined;
  let healthy = false;
  const statusNow = (): InstanceStatus => ({
    ready: healthy && proxy.ready,
    draining: false,
    ...(app?.pid === undefined ? {} : { pid: app.pid }),
    ...(proxy.pid === undefined ? {} : { proxyPid: proxy.pid }),
    ...proxy.counts,
  });
  const tell = (): void => void registrations.set(plan.namespace, plan.instance, statusNow());
  const proxy = new ProxyProcess({
    instance: plan.instance,
    bootstrap: async () => {
      const { namespace, serviceAccount, instance, workload, labels, engine } = plan;
      const { locality, network, weight } = plan;
      const claims = { role: 'sidecar', workload, labels } as const;
      const token = await enrolmentToken(client, { namespace, serviceAccount, instance, claims, stateDir });
      return makeBootstrap({
        role: 'sidecar',
        mesh: run.mesh,
        namespace,
        instance,
        workload,
        serviceAccount,
        labels,
        engine,
        ...(locality === undefined ? {} : { locality }),
        ...(network === undefined ? {} : { network }),
        ...(weight === undefined ? {} : { weight }),
        inbound: ports.inboundListeners,
        outbound: ports.outbound,
        ...(ports.capture === undefined ? {} : { capture: ports.capture }),
        adminPort: ports.admin,
        drainSeconds: settings().drainSeconds,
        stateDir,
        controlPlane,
        ...(token === undefined ? {} : { enrolmentToken: token }),
      });
    },
    bootstrapPath: join(state.run, `${plan.namespace}.${plan.instance}.json`),
    logPath: state.proxyLog(plan.instance),
    compileCache: state.compileCache,
    cwd: state.root,
    concurrency: settings().concurrency,
    env: () => settings().env,
    ...(ports.capture === undefined ? {} : { group: proxyGroup(plan.instance) }),
    registry,
    onChange: (event) => {
      if (event.kind === 'ready') sidecarReady.resolve();
      else say(`sidecar ended (${event.reason}); starting it again`);
      tell();
    },
  });

  try {
    if (ports.capture !== undefined) await capture.prepare({ name: plan.instance, uid: plan.user?.uid });
    void proxy.start();
    await within(SIDECAR_WITHIN_MS, sidecarReady.promise, interrupted, () => {
      throw new Failure(
        `the sidecar did not become ready: ${lastWords(state.proxyLog(plan.instance)) ?? 'its log is empty'}`,
      );
    });
    if (interrupted.aborted) return 130;
    const exit = Promise.withResolvers<number>();
    if (ports.capture !== undefined) {
      const appPorts = ports.inbound.map(({ appPort }) => appPort);
      await capture.add({ ...ports.capture, name: plan.instance, uid: plan.user?.uid, appPorts });
    }
    const group = ports.capture === undefined ? undefined : appGroup(plan.instance);
    const { command } = plan;
    if (command !== undefined)
      app = capture.start(group, () => startCommand(command, plan, ports, around, exit));
    const identity = app?.pid === undefined ? undefined : identifyProcess(app.pid);
    // The warden ends groups: only a command that leads one is given to it.
    if (identity !== undefined && !around.isTerminal) warden.add('app', identity);
    const probe = watchHealth(plan, ports, around, (passing) => {
      if (passing && !healthy) say(`${plan.instance} is in the mesh`);
      healthy = passing;
      tell();
    });
    const leave = async (): Promise<void> => {
      await registrations.announceDrain(plan.namespace, plan.instance, statusNow());
      registrations.forget(plan.namespace, plan.instance);
      await proxy.stop(settings().drainSeconds * 1000 + 1000);
    };
    interrupted.addEventListener('abort', () => {
      const signal =
        typeof interrupted.reason === 'string' && interrupted.reason.startsWith('SIG')
          ? (interrupted.reason as NodeJS.Signals)
          : 'SIGTERM';
      // Others stop calling it and what is open finishes, before the command is told.
      void leave().finally(() => {
        if (app === undefined) exit.resolve(0);
        else if (!around.isTerminal || signal !== 'SIGINT') app.kill(signal);
      });
    });
    const code = await exit.promise;
    probe.stop();
    healthy = false;
    await leave();
    return code;
  } finally {
    followed.close();
    registrations.close();
    await proxy.stop(1000);
    rmSync(stateDir, { recursive: true, force: true });
    await warden.close();
    await capture.close();
    await allocator.close();
  }
}

function startCommand(
  [command, ...args]: NonNullable<JoinPlan['command']>,
  plan: JoinPlan,
  ports: InstancePorts,
  around: JoinSurroundings,
  exit: { resolve: (code: number) => void; reject: (error: Error) => void },
): ChildProcess {
  const child = spawn(command, args, {
    ...plan.user,
    cwd: around.cwd,
    stdio: 'inherit',
    // At a terminal it must stay in our group, or it could not read from it.
    detached: !around.isTerminal,
    env: commandEnv(plan, ports, around),
  });
  child.once('error', (error) => exit.reject(new Failure(describeSpawnError(error, command, around.cwd))));
  child.once('exit', (code, signal) => exit.resolve(code ?? 128 + signalNumber(signal)));
  return child;
}

function commandEnv(plan: JoinPlan, ports: InstancePorts, around: JoinSurroundings): Record<string, string> {
  return {
    ...inheritedEnv(around.env),
    ...captureEnv({ ports: ports.inbound, httpProxyPort: ports.httpProxy, upstreams: ports.upstreams }),
    TULLE_INSTANCE: plan.instance,
    TULLE_NAMESPACE: plan.namespace,
    TULLE_WORKLOAD: plan.workload,
  };
}

function watchHealth(
  plan: JoinPlan,
  ports: InstancePorts,
  around: JoinSurroundings,
  onVerdict: (passing: boolean) => void,
): ProbeLoop {
  const { readiness } = plan;
  const app = { env: commandEnv(plan, ports, around), cwd: around.cwd };
  const probes = planProbes({ probes: readiness === undefined ? undefined : { readiness } }, ports, app);
  const own = probes.readiness;
  // Without a probe of its own it is looked at more often than a Workload's: somebody waits at a terminal.
  return startProbeLoop(readiness === undefined ? { ...own, periodMs: quickMs } : own, onVerdict);
}

async function within(
  ms: number,
  work: Promise<void>,
  signal: AbortSignal,
  onTimeout: () => never,
): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<'late'>();
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
  const timer = setTimeout(() => resolve('late'), ms);
  signal.addEventListener('abort', () => abort(), { once: true });
  const first = await Promise.race([work, aborted, over]);
  clearTimeout(timer);
  if (first === 'late') onTimeout();
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : (SIGNALS[signal] ?? 0);
}

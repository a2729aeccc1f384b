import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { ControlPlaneConfig } from '@tulle/control-plane/config';
import { findKind } from '@tulle/resources/kinds';
import { type ApiClient, createApiClient, type KindAddress } from '../api/client.ts';
import { type Informer, startInformer } from '../api/informer.ts';
import { listProxies } from '../api/proxies.ts';
import { messageOf } from '../failure.ts';
import { Capture } from './capture/capture.ts';
import { serviceAddressesIn } from './capture/service-addresses.ts';
import { sweepCapture } from './capture/sweep.ts';
import { ControlPlaneProcess, type ControlPlaneReady } from './control-plane-process.ts';
import { Gateway } from './gateway.ts';
import type { InstanceContext } from './instance-context.ts';
import { localUrl, type MeshPorts } from './ports/mesh-ports.ts';
import type { PortAllocator } from './ports/ports.ts';
import { rotateLog } from './process/log-file.ts';
import { identifyProcess } from './process/process-identity.ts';
import { Warden } from './process/warden.ts';
import { proxyRestartOf } from './proxy/proxy-restart.ts';
import { followProxySettings } from './proxy/proxy-settings.ts';
import { keepRateLimitService } from './rate-limit-service.ts';
import { RegistrationStatus } from './registration-status.ts';
import { quietReporter } from './screen/quiet-reporter.ts';
import type { Reporter } from './screen/reporter.ts';
import type { MeshFile } from './state/mesh-file.ts';
import { applyMeshFile, describeKept } from './state/owned-resources.ts';
import { RunFile } from './state/run-file.ts';
import type { ControlPlaneAddress } from './state/run-record.ts';
import { recordSources } from './state/source-book.ts';
import type { StateDir } from './state/state-dir.ts';
import type { CaptureMode } from './workload-plan.ts';
import { WorkloadSet } from './workload-set.ts';

/** Everything is gone this long after a stop was asked for: 4.2 s of grace, then SIGKILL. */
const STOP_WITHIN_MS = 4200;
/** How this program was started. */
const PROGRAM = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
const ROTATE_EVERY_MS = 5000;
/** A proxy that does not take what the control plane has for it holds the start back for so long. */
const KNOWN_WITHIN_MS = 2000;

const WORKLOAD = knownKind('tulle.dev/v1alpha1', 'Workload');
const SERVICE = knownKind('v1', 'Service');
const MESH = knownKind('tulle.dev/v1alpha1', 'Mesh');

export interface SupervisorOptions {
  readonly file: MeshFile;
  readonly state: StateDir;
  readonly ports: MeshPorts;
  /** Of all other ports. */
  readonly allocator: PortAllocator;
  /** How traffic of Workloads that do not say is captured. */
  readonly capture: CaptureMode;
  readonly reporter: Reporter;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Something to show has changed. */
  readonly onChange: () => void;
}

/**
 * Runs one mesh: control plane, then the mesh file's resources, then gateway and workloads as the API has them.
 * The supervisor is to Workloads what a kubelet is to Pods.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #warden = new Warden();
  readonly #capture: Capture;
  readonly #run: RunFile;
  readonly #controlPlane: ControlPlaneProcess;
  readonly #informers: Pick<Informer, 'close'>[] = [];
  #client: ApiClient | undefined;
  #address: ControlPlaneAddress | undefined;
  #registrations: RegistrationStatus | undefined;
  #gateway: Gateway | undefined;
  #workloads: WorkloadSet | undefined;
  #rotation: NodeJS.Timeout | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { file, state, ports, reporter } = options;
    const self = identifyProcess(process.pid);
    if (self === undefined) throw new Error('this process has no start time');
    this.#capture = new Capture({
      mesh: file.mesh.metadata.name,
      owner: self,
      serviceAddresses: serviceAddressesIn(file.mesh),
    });
    const record = {
      mesh: file.mesh.metadata.name,
      file: file.path,
      supervisor: self,
      startedAt: new Date().toISOString(),
      urls: {
        http: localUrl('http', ports.address, ports.http),
        https: localUrl('https', ports.address, ports.https),
      },
    };
    const quiet = quietReporter(reporter);
    this.#run = new RunFile(
      state.runRecord,
      this.#warden,
      record,
      (group, start) => this.#capture.start(group, start),
      (error) => quiet.warn(`the record of what runs can't be written: ${error.message}`),
    );
    this.#controlPlane = new ControlPlaneProcess({
      state,
      config: (apiPort): ControlPlaneConfig => ({
        mesh: file.mesh.metadata.name,
        trustDomain: this.#trustDomain,
        stateDir: state.root,
        apiPort,
        lifelineFd: 3,
      }),
      apiPort: ports.api,
      apiPortMayChange: file.mesh.spec?.ports?.api === undefined,
      registry: this.#run,
      reporter,
      onReady: (ready) => this.#reach(ready),
    });
  }

  get urls(): { readonly http?: string; readonly https?: string } {
    return this.#run.record.urls;
  }
  get api(): string | undefined {
    return this.#run.record.api;
  }
  get gateway(): Gateway | undefined {
    return this.#gateway;
  }
  get workloads(): WorkloadSet | undefined {
    return this.#workloads;
  }
  get registrations(): RegistrationStatus | undefined {
    return this.#registrations;
  }

  /** Whether the control plane knows who is ready, and the proxies have all that it has for them. */
  async isKnown(): Promise<boolean> {
    if (this.#client === undefined || !this.#registrations?.settled) return false;
    const proxies = await listProxies(this.#client).catch(() => []);
    return proxies.length > 0 && proxies.every(({ synced }) => synced);
  }

  /** Resolves when the mesh file is applied and all processes are on their way. */
  async start(): Promise<void> {
    const { file, reporter, state, env, onChange } = this.#options;
    // A mesh that captures nothing starts all the same.
    const swept = await sweepCapture().catch((error: unknown) => {
      reporter.warn(`redirects that a killed run has left stay: ${(error as Error).message}`);
      return [];
    });
    if (swept.length > 0) reporter.info(`removed redirects that a killed run had left: ${swept.join(', ')}`);
    const began = Date.now();
    const ready = await this.#controlPlane.start();
    reporter.info(
      `control plane started in ${((Date.now() - began) / 1000).toFixed(1)} s, API at ${ready.api}`,
    );
    // After a restart the API may be at another port.
    const client = createApiClient({ url: () => this.api ?? ready.api, token: readToken(state) });

    this.#client = client;
    const outcomes = await applyMeshFile(client, file);
    const taken = outcomes.filter(({ verb }) => verb !== 'kept');
    recordSources(
      state.sources,
      taken.map(({ item }) => ({ ...item, file: file.path })),
    );
    const changed = outcomes.filter(({ verb }) => verb === 'created' || verb === 'configured').length;
    reporter.info(`${changed} of the file's ${file.items.length} resources written`);
    for (const outcome of outcomes) if (outcome.verb === 'kept') reporter.warn(describeKept(outcome));
    if (this.#stopped) return;

    this.#registrations = new RegistrationStatus(client, (error) =>
      reporter.warn(`status of an instance: ${messageOf(error)}`),
    );
    const settings = await followProxySettings(client, file.mesh.metadata.name);
    this.#informers.push(settings);
    const context: InstanceContext = {
      mesh: file.mesh.metadata.name,
      proxySettings: settings.of,
      state,
      client,
      controlPlane: () => this.#reachable(),
      ports: this.#options.allocator,
      registry: this.#run,
      capture: this.#capture,
      registrations: this.#registrations,
      reporter: quietReporter(reporter),
      env,
    };
    this.#gateway = await Gateway.create(context, this.#options.ports, onChange);
    if (this.#stopped) return;
    this.#gateway.start();
    this.#workloads = new WorkloadSet(
      context,
      { directory: file.directory, capture: this.#options.capture },
      onChange,
    );
    const rateLimits = keepRateLimitService(client, {
      mesh: file.mesh.metadata.name,
      program: PROGRAM,
      onError: (error) => reporter.warn(`rate limit service: ${messageOf(error)}`),
    });
    this.#informers.push(rateLimits);
    await rateLimits.ready;
    if (this.#stopped) return;
    await this.#follow(client);
    this.#rotation = setInterval(() => this.#rotateLogs(), ROTATE_EVERY_MS).unref();
  }

  /** Ends everything, callers before callees, and resolves when nothing is left. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const deadline = Date.now() + STOP_WITHIN_MS;
    const left = (): number => Math.max(200, deadline - Date.now());
    clearInterval(this.#rotation);
    for (const informer of this.#informers) informer.close();
    await this.#gateway?.stop(left() / 3);
    await this.#workloads?.stop(left() * 0.75);
    this.#registrations?.close();
    await this.#controlPlane.stop(left());
    await this.#warden.close();
    await this.#capture.close();
  }

  /** The control plane is ready, for the first time or again after it had ended. */
  #reach({ api, xdsPort, enrolPort, identity }: ControlPlaneReady): void {
    const trustDomain = this.#trustDomain;
    this.#address = {
      address: '127.0.0.1',
      xdsPort,
      enrolPort,
      trustDomain,
      identity: identity ?? `spiffe://${trustDomain}/ns/tulle-system/sa/control-plane`,
    };
    this.#run.update({ api, controlPlane: this.#address });
  }

  #reachable(): ControlPlaneAddress {
    if (this.#address === undefined) throw new Error('the control plane has not started yet');
    return this.#address;
  }

  get #trustDomain(): string {
    return this.#options.file.mesh.spec?.trustDomain ?? 'cluster.local';
  }

  async #follow(client: ApiClient): Promise<void> {
    const reconcile = (): void => {
      if (workloads.synced && services.synced && !this.#stopped) {
        this.#workloads?.reconcile([...workloads.items.values()], [...services.items.values()]);
      }
    };
    const workloads = startInformer(client, WORKLOAD, reconcile);
    const services = startInformer(client, SERVICE, reconcile);
    const meshes = startInformer(client, MESH, () => {
      const mesh = meshes.items.get(`/${this.#options.file.mesh.metadata.name}`);
      if (mesh !== undefined) this.#gateway?.restartProxy(proxyRestartOf(mesh).proxyRestart);
    });
    this.#informers.push(workloads, services, meshes);
    await Promise.all([workloads.ready, services.ready, meshes.ready]);
  }

  #rotateLogs(): void {
    const { state, reporter } = this.#options;
    const instances = this.#workloads?.runners.flatMap((runner) => runner.instances) ?? [];
    const paths = [
      state.controlPlaneLog,
      ...(this.#gateway === undefined ? [] : [state.proxyLog(this.#gateway.instance)]),
      ...instances.flatMap(({ fileName }) => [state.appLog(fileName), state.proxyLog(fileName)]),
    ];
    try {
      for (const path of paths) rotateLog(path);
    } catch (error) {
      reporter.warn(`a log can't be rotated: ${messageOf(error)}`);
    }
  }
}

function readToken(state: StateDir): string {
  return readFileSync(state.apiToken, 'utf8').trim();
}

function knownKind(apiVersion: string, name: string): KindAddress {
  const kind = findKind(apiVersion, name);
  if (kind === undefined) throw new Error(`no kind ${apiVersion} ${name}`);
  return kind;
}

/**
 * Resolves when the gateway and every workload are ready and every proxy knows it; with false when the signal ends the
 * waiting. What a proxy refuses is waited for no longer than a moment: `proxy-status` tells of it.
 */
export async function whenAllReady(supervisor: Supervisor, signal: AbortSignal): Promise<boolean> {
  await supervisor.gateway?.whenReady;
  let readySince = 0;
  while (!signal.aborted) {
    if (!supervisor.workloads?.ready) readySince = 0;
    else if (await supervisor.isKnown()) return true;
    else if (readySince === 0) readySince = Date.now();
    else if (Date.now() - readySince > KNOWN_WITHIN_MS) return true;
    await pause(20);
  }
  return false;
}

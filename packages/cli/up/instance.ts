import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import { enrolmentToken } from '../api/enrolment.ts';
import { messageOf } from '../failure.ts';
import { resolveEnv } from './app/app-env.ts';
import { type AppEvent, AppProcess } from './app/app-process.ts';
import { appSpec } from './app/app-spec.ts';
import { planProbes } from './app/probe-plan.ts';
import { findUser, type UserIds } from './app/user.ts';
import { appGroup, proxyGroup } from './capture/capture.ts';
import type { InstanceContext } from './instance-context.ts';
import { allocatePorts, type InstancePorts, portsOf } from './ports/instance-ports.ts';
import { describePort } from './ports/port-holder.ts';
import { isFree } from './ports/ports.ts';
import type { LoggedChildSpec } from './process/child.ts';
import { makeBootstrap } from './proxy/bootstrap-file.ts';
import { instanceNode, roleOf } from './proxy/proxy-node.ts';
import { type ProxyEvent, ProxyProcess } from './proxy/proxy-process.ts';
import type { ProxySettings } from './proxy/proxy-settings.ts';
import type { RolloutInstance } from './rollout.ts';
import type { WorkloadPlan } from './workload-plan.ts';

/**
 * Starting (its sidecar) → Waiting (for those that it depends on) → Running (its application, again and again)
 * → Finished (it shall not run again) → Stopping → Gone.
 */
export type InstanceState = 'starting' | 'waiting' | 'running' | 'finished' | 'stopping' | 'gone';

/** How soon a Secret or ConfigMap that its environment needs is asked for again. */
const ENV_RETRY_MS = 2000;
/** An application that isn't ready by then is reported with its last lines. */
const READY_WITHIN_MS = 15_000;
/** A sidecar that isn't ready by then may have lost a port to somebody else. */
const PORT_CHECK_MS = 10_000;

/** One replica: an application and its sidecar, or a gateway, with ports of their own for as long as it lives. */
export class Instance implements RolloutInstance {
  readonly name: string;
  readonly index: number;
  readonly plan: WorkloadPlan;
  readonly #context: InstanceContext;
  readonly #gate: Promise<void>;
  readonly #onChange: () => void;
  #state: InstanceState = 'starting';
  #ports: InstancePorts | undefined;
  #proxy: ProxyProcess | undefined;
  /** The sidecar serves: the application is started, or about to be. */
  #appWanted = false;
  #app: AppProcess | undefined;
  #message = '';
  #stopped: Promise<void> | undefined;
  #portCheck: NodeJS.Timeout | undefined;
  #startAgain: NodeJS.Timeout | undefined;
  #restarts = 0;

  /** @param gate the application waits for it (those it depends on); the sidecar doesn't */
  constructor(
    plan: WorkloadPlan,
    index: number,
    context: InstanceContext,
    gate: Promise<void>,
    onChange: () => void,
  ) {
    this.plan = plan;
    this.index = index;
    this.name = `${plan.name}-${index}`;
    this.#context = context;
    this.#gate = gate;
    this.#onChange = onChange;
  }

  get hash(): string {
    return this.plan.hash;
  }
  get state(): InstanceState {
    return this.#state;
  }
  get stopping(): boolean {
    return this.#state === 'stopping' || this.#state === 'gone';
  }
  get ready(): boolean {
    const serves = this.plan.command === undefined || this.#app?.ready === true;
    return this.#state === 'running' && serves && this.#proxy?.ready === true;
  }
  get message(): string {
    return this.#message;
  }
  get restarts(): number {
    return this.#restarts;
  }
  get pids(): { readonly app: number | undefined; readonly proxy: number | undefined } {
    return { app: this.#app?.pid, proxy: this.#proxy?.pid };
  }
  get adminPort(): number | undefined {
    return this.#ports?.admin;
  }

  async start(): Promise<void> {
    const { ports: allocator, state, registry } = this.#context;
    const ports = await allocatePorts(allocator, this.plan);
    if (this.#stopped) return allocator.release(portsOf(ports));
    this.#ports = ports;
    if (this.plan.capture === 'transparent' && !(await this.#prepareCapture())) return;
    const settings = this.#settings;
    this.#proxy = new ProxyProcess({
      instance: this.name,
      bootstrap: () => this.#bootstrap(ports),
      bootstrapPath: join(state.run, `${this.plan.namespace}.${this.name}.json`),
      logPath: state.proxyLog(this.fileName),
      compileCache: state.compileCache,
      cwd: state.root,
      // An Envoy has threads instead.
      concurrency: this.plan.engine === 'envoy' ? 1 : (this.plan.concurrency ?? settings.concurrency),
      env: () => this.#settings.env,
      ...(this.plan.capture === 'transparent' ? { group: proxyGroup(this.fileName) } : {}),
      registry,
      onChange: (event) => void this.#onProxy(event),
    });
    this.#portCheck = setTimeout(() => void this.#checkSidecarPorts(), PORT_CHECK_MS);
    void this.#proxy.start();
  }

  get #settings(): ProxySettings {
    return this.#context.proxySettings(this.plan.namespace, this.plan.labels);
  }

  get #drainSeconds(): number {
    return this.plan.drainSeconds ?? this.#settings.drainSeconds;
  }

  /** @throws why its sidecar could not be replaced; the one before goes on */
  async restartProxy(): Promise<void> {
    await this.#proxy?.restart();
    this.#changed();
  }

  /**
   * Leaves the mesh without failing a request: others learn that it drains, the sidecar finishes what is open,
   * then the application ends. `quick` leaves out the notice (when the callers have ended already).
   */
  stop(options: { readonly quick: boolean; readonly limitMs?: number }): Promise<void> {
    this.#stopped ??= this.#stop(options);
    return this.#stopped;
  }

  async #stop({
    quick,
    limitMs = Number.POSITIVE_INFINITY,
  }: {
    quick: boolean;
    limitMs?: number;
  }): Promise<void> {
    const { registrations, state, capture, reporter } = this.#context;
    const { namespace, stopSeconds } = this.plan;
    clearTimeout(this.#portCheck);
    clearTimeout(this.#startAgain);
    const wasReady = this.ready;
    this.#enter('stopping');
    if (!quick) {
      const status = this.#status();
      if (wasReady) await registrations.announceDrain(namespace, this.name, status);
      // Nobody calls it; where its sidecar can't say goodbye, that it leaves is known all the same.
      else await registrations.set(namespace, this.name, { ...status, draining: true });
    }
    registrations.forget(namespace, this.name);
    const began = Date.now();
    await this.#proxy?.stop(Math.min(this.#drainSeconds * 1000 + 1000, limitMs * 0.6));
    await this.#app?.stop(Math.min(stopSeconds * 1000, Math.max(200, limitMs - (Date.now() - began))));
    // With the mesh all rules go at once; before the ports, which are somebody else's then.
    if (!quick)
      await capture
        .remove(this.fileName)
        .catch((error: unknown) => reporter.warn(`${this.name}: ${messageOf(error)}`));
    this.#releasePorts();
    // An instance that goes for good takes its key along; one that stops with the mesh comes back with it.
    if (!quick) rmSync(state.proxyState(this.fileName), { recursive: true, force: true });
    this.#enter('gone');
  }

  #releasePorts(): void {
    if (this.#ports) this.#context.ports.release(portsOf(this.#ports));
    this.#ports = undefined;
  }

  /** Of its logs and state: instance names are unique within their namespace alone. */
  get fileName(): string {
    return this.plan.namespace === 'default' ? this.name : `${this.plan.namespace}.${this.name}`;
  }

  #status() {
    const { app, proxy } = this.pids;
    return {
      ready: this.ready,
      draining: false,
      ...(app === undefined ? {} : { pid: app }),
      ...(proxy === undefined ? {} : { proxyPid: proxy }),
      ...this.#proxy?.counts,
      ...(this.#message === '' ? {} : { message: this.#message }),
      restarts: this.#restarts,
    };
  }

  #enter(state: InstanceState, message = ''): void {
    this.#state = state;
    this.#message = message;
    this.#changed();
  }

  #changed(): void {
    if (!this.stopping) {
      void this.#context.registrations.set(this.plan.namespace, this.name, this.#status());
    }
    this.#onChange();
  }

  async #onProxy(event: ProxyEvent): Promise<void> {
    if (this.#stopped) return;
    if (event.kind === 'ended') {
      this.#restarts++;
      this.#context.reporter.warn(
        `${this.name}: ${this.plan.command === undefined ? 'gateway' : 'sidecar'} ended (${event.reason}); starting it again`,
      );
      return this.#changed();
    }
    clearTimeout(this.#portCheck);
    if (this.plan.command === undefined) return this.#enter('running');
    // Each of its workers says so.
    if (this.#appWanted) return this.#changed();
    this.#appWanted = true;
    this.#enter('waiting');
    await this.#gate;
    if (!this.#stopped) await this.#startApp();
  }

  async #startApp(): Promise<void> {
    const { client, registry } = this.#context;
    const ports = this.#ports;
    const { command } = this.plan;
    if (ports === undefined || command === undefined) return;
    let spec: LoggedChildSpec;
    try {
      spec = appSpec({
        plan: this.plan,
        command,
        instance: this.name,
        ports,
        inherited: this.#context.env,
        own: await resolveEnv(client, this.plan.namespace, this.plan.env),
        user: this.#user,
        group: this.plan.capture === 'transparent' ? appGroup(this.fileName) : undefined,
        logPath: this.#context.state.appLog(this.fileName),
      });
      if (this.#stopped) return;
      // Not one connection of it may go past the sidecar.
      await this.#redirect(ports);
    } catch (error) {
      this.#retry(error, () => this.#startApp());
      return;
    }
    if (this.#stopped || ports !== this.#ports) return;
    this.#app = new AppProcess({
      spec: () => spec,
      probes: planProbes(this.plan, ports, spec),
      restartPolicy: this.plan.restartPolicy,
      backOff: this.plan.backOff,
      registry,
      readyWithinMs: READY_WITHIN_MS,
      onChange: (event) => this.#onApp(event),
    });
    this.#enter('running');
    void this.#app.start();
  }

  /** Says why it can't go on, once, and tries again. */
  #retry(error: unknown, again: () => Promise<void>): void {
    if (this.#stopped) return;
    const message = messageOf(error);
    if (message !== this.#message) this.#context.reporter.error(`${this.name}: ${message}`);
    this.#enter('waiting', message);
    this.#startAgain = setTimeout(() => void again(), ENV_RETRY_MS);
  }

  /** @returns whether its sidecar may start */
  async #prepareCapture(): Promise<boolean> {
    const { capture } = this.#context;
    try {
      await capture.prepare({ name: this.fileName, uid: this.#user.uid });
      return !this.#stopped;
    } catch (error) {
      if (!this.#stopped) this.#releasePorts();
      this.#retry(error, () => this.start());
      return false;
    }
  }

  async #redirect({ capture, inbound }: InstancePorts): Promise<void> {
    if (capture === undefined) return;
    await this.#context.capture.add({
      ...capture,
      name: this.fileName,
      uid: this.#user.uid,
      appPorts: inbound.map(({ appPort }) => appPort),
    });
  }

  get #user(): Partial<UserIds> {
    return this.plan.user === undefined ? {} : findUser(this.plan.user);
  }

  #onApp(event: AppEvent): void {
    if (this.#stopped) return;
    const { reporter } = this.#context;
    switch (event.kind) {
      case 'ready':
        this.#enter('running');
        break;
      case 'unready':
        reporter.warn(`${this.name}: not healthy (${event.reason})`);
        this.#enter('running', event.reason);
        break;
      case 'slow':
        reporter.error(explain(`${this.name}: still not healthy (${event.reason})`, event.lastLines));
        this.#enter('running', event.reason);
        break;
      case 'ended':
        this.#onAppEnded(event);
    }
  }

  #onAppEnded(event: Extract<AppEvent, { kind: 'ended' }>): void {
    const { reporter } = this.#context;
    this.#restarts++;
    if (event.restartInMs !== undefined) void this.#checkAppPorts();
    if (event.restartInMs === undefined) {
      reporter.info(`${this.name}: ended (${event.reason})`);
      this.#enter('finished', event.reason);
      return;
    }
    const when = event.restartInMs < 1000 ? '' : ` in ${Math.round(event.restartInMs / 1000)} s`;
    const text = `${this.name}: ended (${event.reason}); starting it again${when}`;
    // The first end may be an accident; from the second on the last words help.
    if (event.failures > 1) reporter.error(explain(text, event.lastLines));
    else reporter.warn(text);
    this.#enter('running', event.reason);
  }

  async #bootstrap(ports: InstancePorts): Promise<Bootstrap> {
    const { plan } = this;
    const { client, state, mesh, controlPlane } = this.#context;
    const stateDir = state.proxyState(this.fileName);
    const { namespace, serviceAccount } = plan;
    const claims = { role: roleOf(plan), workload: plan.name, labels: plan.labels };
    const of = { namespace, serviceAccount, instance: this.name, claims, stateDir };
    const token = await enrolmentToken(client, of);
    return makeBootstrap({
      ...instanceNode(plan, { mesh, instance: this.name, ports }),
      drainSeconds: this.#drainSeconds,
      stateDir,
      controlPlane: controlPlane(),
      ...(token === undefined ? {} : { enrolmentToken: token }),
    });
  }

  /** The sidecar is not ready since it could not bind a port. */
  async #checkSidecarPorts(): Promise<void> {
    if (this.#stopped || this.#appWanted || !this.#proxy?.portTaken) return;
    await this.#chooseOtherPorts('a port of its sidecar');
  }

  /** The application has ended: somebody else, whom its probe may have taken for it, may listen where it should. */
  async #checkAppPorts(): Promise<void> {
    const { inbound = [], allocated = [] } = this.#ports ?? {};
    const own = inbound.map(({ appPort }) => appPort).filter((port) => allocated.includes(port));
    const free = await Promise.all(own.map((port) => isFree(port)));
    const taken = own[free.indexOf(false)];
    if (taken === undefined || this.#stopped) return;
    await this.#chooseOtherPorts(`port ${describePort(taken)}`);
  }

  /** A port that was free when it was chosen has been taken before it was bound. */
  async #chooseOtherPorts(which: string): Promise<void> {
    this.#context.reporter.warn(`${this.name}: ${which} was taken meanwhile; choosing others`);
    const taken = this.#ports;
    await this.#app?.stop(1000);
    await this.#proxy?.stop(1000);
    if (this.#stopped) return;
    this.#app = undefined;
    this.#appWanted = false;
    await this.start();
    // Released only now, so that the new ones are others.
    if (taken) this.#context.ports.release(portsOf(taken));
  }
}

function explain(text: string, lines: readonly string[]): string {
  return [text, ...lines.map((line) => `    │ ${line}`)].join('\n');
}

import { join } from 'node:path';
import { enrolmentToken } from '../api/enrolment.ts';
import type { InstanceContext } from './instance-context.ts';
import type { MeshPorts } from './ports/mesh-ports.ts';
import { describePort } from './ports/port-holder.ts';
import { makeBootstrap } from './proxy/bootstrap-file.ts';
import { gatewayNode } from './proxy/proxy-node.ts';
import { ProxyProcess } from './proxy/proxy-process.ts';
import { RestartWish, reportRestart } from './proxy/proxy-restart.ts';
import type { ProxySettings } from './proxy/proxy-settings.ts';

export const GATEWAY_NAMESPACE = 'tulle-system';
export const GATEWAY_WORKLOAD = 'ingressgateway';
const INSTANCE = `${GATEWAY_WORKLOAD}-0`;
/** A gateway that isn't ready by then may have lost a port to somebody else. */
const PORT_CHECK_MS = 8000;

/** The ingress gateway: a proxy without an application. */
export class Gateway {
  readonly #context: InstanceContext;
  readonly #proxy: ProxyProcess;
  readonly #admin: number;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ports: MeshPorts;
  #portCheck: NodeJS.Timeout | undefined;
  #restarts = 0;
  /** For a restart; undefined until the Mesh has been read. */
  #wish: RestartWish | undefined;

  static async create(context: InstanceContext, ports: MeshPorts, onChange: () => void): Promise<Gateway> {
    return new Gateway(context, ports, await context.ports.take(), onChange);
  }

  private constructor(context: InstanceContext, ports: MeshPorts, admin: number, onChange: () => void) {
    this.#context = context;
    this.#admin = admin;
    this.#ports = ports;
    const { state, registry, reporter } = context;
    const stateDir = state.proxyState(INSTANCE);
    const settings = (): ProxySettings => context.proxySettings(GATEWAY_NAMESPACE, node.labels);
    const node = gatewayNode(ports, { mesh: context.mesh, adminPort: admin });
    this.#proxy = new ProxyProcess({
      instance: INSTANCE,
      bootstrap: async () => {
        const token = await enrolmentToken(context.client, {
          ...node,
          claims: node,
          stateDir,
        });
        return makeBootstrap({
          ...node,
          drainSeconds: settings().drainSeconds,
          stateDir,
          controlPlane: context.controlPlane(),
          ...(token === undefined ? {} : { enrolmentToken: token }),
        });
      },
      bootstrapPath: join(state.run, `${GATEWAY_NAMESPACE}.${INSTANCE}.json`),
      logPath: state.proxyLog(INSTANCE),
      compileCache: state.compileCache,
      cwd: state.root,
      concurrency: settings().concurrency,
      env: () => settings().env,
      registry,
      onChange: (event) => {
        if (event.kind === 'ready') this.#ready.resolve();
        else {
          this.#restarts++;
          reporter.warn(`ingress gateway ended (${event.reason}); starting it again`);
        }
        this.#tell();
        onChange();
      },
    });
  }

  get instance(): string {
    return INSTANCE;
  }
  get ready(): boolean {
    return this.#proxy.ready;
  }
  get whenReady(): Promise<void> {
    return this.#ready.promise;
  }
  get adminPort(): number {
    return this.#admin;
  }
  get pid(): number | undefined {
    return this.#proxy.pid;
  }
  get restarts(): number {
    return this.#restarts;
  }

  start(): void {
    void this.#proxy.start();
    this.#portCheck = setTimeout(() => {
      if (this.ready || !this.#proxy.portTaken) return;
      const taken = [this.#ports.http, this.#ports.https].map((port) => describePort(port)).join(', ');
      this.#context.reporter.error(`the ingress gateway can't listen (${taken}); it tries again and again`);
    }, PORT_CHECK_MS);
  }

  /** Replaces its workers while they serve, when it is asked for anew. */
  restartProxy(asked: string | undefined): void {
    this.#wish ??= new RestartWish(asked);
    if (!this.#wish.renew(asked)) return;
    void reportRestart(this.#context.reporter, INSTANCE, async () => {
      await this.#proxy.restart();
      this.#tell();
    });
  }

  async stop(graceMs: number): Promise<void> {
    clearTimeout(this.#portCheck);
    this.#context.registrations.forget(GATEWAY_NAMESPACE, INSTANCE);
    await this.#proxy.stop(graceMs);
  }

  #tell(): void {
    const proxyPid = this.#proxy.pid;
    void this.#context.registrations.set(GATEWAY_NAMESPACE, INSTANCE, {
      ready: this.#proxy.ready,
      draining: false,
      ...(proxyPid === undefined ? {} : { proxyPid }),
      ...this.#proxy.counts,
    });
  }
}

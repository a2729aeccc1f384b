import { rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import { nodeFlags } from '@tulle/data-plane/node-flags';
import { slotOf, type WorkerId } from '@tulle/data-plane/workers/protocol';
import { Failure } from '../../failure.ts';
import { runProbe } from '../app/probe.ts';
import { type Child, type ChildExit, type ChildRegistry, formatExit, startChild } from '../process/child.ts';
import { lastLines, lastWords } from '../process/log-file.ts';
import { programPath } from '../process/program.ts';
import { WorkerSet } from './worker-set.ts';

/** How often a starting proxy is asked whether it is ready. */
const READY_POLL_MS = 40;
const READY_TIMEOUT_MS = 2000;

export interface ProxyOptions {
  /** The instance: `reviews-v1-0`. */
  readonly instance: string;
  /** Made anew for each start: an enrolment token serves once. */
  readonly bootstrap: () => Promise<Bootstrap>;
  /** Where the bootstrap is written for the proxy to read, 0600. */
  readonly bootstrapPath: string;
  readonly logPath: string;
  readonly compileCache: string;
  readonly cwd: string;
  /** Of a sidecar whose application's traffic is redirected to it. */
  readonly group?: string;
  /** Worker processes of ours; 0: one per processor. */
  readonly concurrency: number;
  /** More environment, as each process starts. */
  readonly env: () => Readonly<Record<string, string>>;
  readonly registry: ChildRegistry;
  /** The proxy became ready, or ended. */
  readonly onChange: (event: ProxyEvent) => void;
}

export type ProxyEvent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ended'; readonly reason: string; readonly restartInMs: number };

/**
 * One proxy, kept running: `Stopped → Starting → Ready → (ended) → Starting | Stopped`. A worker that ends by itself
 * is started again with back-off; ports stay the same, since the application's environment names them.
 */
export class ProxyProcess {
  readonly #options: ProxyOptions;
  readonly #workers: WorkerSet;
  readonly #count: number;
  #bootstrap: Bootstrap | undefined;
  #stopped = false;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#count = options.concurrency > 0 ? options.concurrency : availableParallelism();
    this.#workers = new WorkerSet({
      count: this.#count,
      prepare: () => this.#prepare(),
      newToken: async () => {
        const { enrolmentToken } = await options.bootstrap();
        if (enrolmentToken === undefined) throw new Error('the control plane does not answer');
        return enrolmentToken;
      },
      spawn: (id, { succeeds }) => this.#spawn(id, succeeds),
      onServing: () => options.onChange({ kind: 'ready' }),
      onEnded: ({ exit, reason, restartInMs }) =>
        options.onChange({
          kind: 'ended',
          reason: exit === undefined ? (reason ?? '') : this.#describe(exit),
          restartInMs,
        }),
    });
  }

  get ready(): boolean {
    return this.#workers.ready;
  }

  get pid(): number | undefined {
    return this.#workers.pid;
  }

  /** An Envoy is one process, whatever it does inside. */
  get counts(): WorkerSet['counts'] {
    return this.#workers.counts;
  }

  /** The last lines of its log say that a port of its own was taken. */
  get portTaken(): boolean {
    return lastLines(this.#options.logPath, 40).some((line) =>
      // Node's words and Envoy's.
      /EADDRINUSE|Address already in use/.test(line),
    );
  }

  start(): Promise<void> {
    return this.#workers.start();
  }

  /** Replaces every worker by a new one without refusing or failing anything. @throws Failure when it can't */
  async restart(): Promise<void> {
    if (this.#bootstrap?.node.metadata.TULLE_ENGINE === 'envoy')
      throw new Failure(`the sidecar of ${this.#options.instance} is an Envoy`);
    await this.#workers.restart();
  }

  /** SIGTERM: the proxy drains for at most `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    await this.#workers.stop(graceMs);
    rmSync(this.#options.bootstrapPath, { force: true });
  }

  async #prepare(): Promise<void> {
    const bootstrap = await this.#options.bootstrap();
    if (this.#stopped) return;
    this.#bootstrap = bootstrap;
    const text = `${JSON.stringify(bootstrap, null, 2)}\n`;
    writeFileSync(this.#options.bootstrapPath, text, { mode: 0o600 });
  }

  #spawn(id: WorkerId, succeeds: boolean): Child {
    const { bootstrapPath, logPath, compileCache, cwd, group, env, registry, instance } = this.#options;
    const { node, admin } = this.#bootstrap as Bootstrap;
    const isEnvoy = node.metadata.TULLE_ENGINE === 'envoy';
    const slot = slotOf(id);
    const child = startChild(
      {
        name: slot === 0 ? `${instance}.proxy` : `${instance}.proxy-${slot}`,
        role: 'proxy',
        ...(isEnvoy ? agentCommand(bootstrapPath) : workerCommand(bootstrapPath, id, this.#count, succeeds)),
        env: { ...env(), ...(isEnvoy ? agentEnv(compileCache) : proxyEnv(compileCache)) },
        cwd,
        logPath,
        lifeline: true,
        ...(group === undefined ? {} : { group }),
        channel: true,
      },
      registry,
    );
    if (isEnvoy) void this.#waitUntilReady(child, id, admin.port);
    return child;
  }

  /** Ours say so by themselves. */
  async #waitUntilReady(child: Child, id: WorkerId, port: number): Promise<void> {
    const action = { kind: 'httpGet', port, path: '/ready', headers: {} } as const;
    while (child.running && !this.#stopped) {
      if ((await runProbe(action, READY_TIMEOUT_MS)) === undefined) {
        if (child.running) this.#workers.serving(id);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
  }

  #describe(exit: ChildExit): string {
    const last = lastWords(this.#options.logPath);
    return last === undefined || exit.signal !== null ? formatExit(exit) : `${formatExit(exit)}: ${last}`;
  }
}

interface ProxyCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** An Envoy is run by an agent of ours beside it. */
function agentCommand(bootstrapPath: string): ProxyCommand {
  const tulle = fileURLToPath(new URL('../../bin/tulle.mjs', import.meta.url));
  return {
    command: process.execPath,
    args: [tulle, 'proxy', '--engine', 'envoy', '--bootstrap', bootstrapPath],
  };
}

export function workerCommand(
  bootstrapPath: string,
  id: WorkerId,
  workers: number,
  succeeds: boolean,
): ProxyCommand {
  const program = programPath('data-plane');
  const part = ['--worker', id, '--workers', String(workers), ...(succeeds ? ['--succeeds'] : [])];
  return { command: process.execPath, args: [...nodeFlags, program, '--bootstrap', bootstrapPath, ...part] };
}

/** A proxy sees nothing of the caller's environment but what Node needs to start. */
export function proxyEnv(compileCache: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    NODE_COMPILE_CACHE: compileCache,
    ...(process.env.HOME === undefined ? {} : { HOME: process.env.HOME }),
    ...(process.env.TZ === undefined ? {} : { TZ: process.env.TZ }),
  };
}

/** The agent looks for its Envoy where `tulle up` was told to. */
function agentEnv(compileCache: string): Record<string, string> {
  const { TULLE_ENVOY } = process.env;
  return { ...proxyEnv(compileCache), ...(TULLE_ENVOY === undefined ? {} : { TULLE_ENVOY }) };
}

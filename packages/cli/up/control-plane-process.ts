import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Failure, messageOf } from '../failure.ts';
import { type Child, type ChildRegistry, formatExit, startChild } from './process/child.ts';
import { lastLines } from './process/log-file.ts';
import { programPath } from './process/program.ts';
import { RestartDelay } from './process/restart-delay.ts';
import { proxyEnv } from './proxy/proxy-process.ts';
import type { Reporter } from './screen/reporter.ts';
import type { StateDir } from './state/state-dir.ts';

/** How long a control plane may take until it says that it is ready. */
const READY_WITHIN_MS = 30_000;

/** What the control plane prints when it is ready (docs/architecture.md, Processes). */
export interface ControlPlaneReady {
  readonly api: string;
  readonly xdsPort: number;
  readonly enrolPort: number;
  readonly trustDomain?: string;
  readonly identity?: string;
}

/** What it prints instead when it can't start. */
export interface NotReady {
  readonly ready: false;
  /** Of the system's error: EADDRINUSE, … */
  readonly code?: string;
  readonly message?: string;
}

export interface ControlPlaneOptions {
  readonly state: StateDir;
  /** Its configuration; with `apiPort` 0 it chooses a port by itself. */
  readonly config: (apiPort: number) => object;
  readonly apiPort: number;
  /** Nobody has asked for this port: another one does when somebody takes it at the last moment. */
  readonly apiPortMayChange: boolean;
  readonly registry: ChildRegistry;
  readonly reporter: Reporter;
  /** Each time that it is ready: its ports may have changed. */
  readonly onReady: (ready: ControlPlaneReady) => void;
}

/**
 * The control plane, kept running: `Stopped → Starting → Ready → (ended) → Starting | Stopped`. When it ends by
 * itself everything else goes on as it is, and it is started again with back-off.
 */
export class ControlPlaneProcess {
  readonly #options: ControlPlaneOptions;
  readonly #delay = new RestartDelay();
  readonly #configPath: string;
  #apiPort: number;
  #child: Child | undefined;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#apiPort = options.apiPort;
    this.#configPath = join(options.state.run, 'control-plane.json');
  }

  get pid(): number | undefined {
    return this.#child?.running ? this.#child.pid : undefined;
  }

  /** @throws Failure with the last lines of its log, when it ends before it was ready */
  async start(): Promise<ControlPlaneReady> {
    const first = await this.#run();
    if ('api' in first) return this.#keep(first);
    if (first.code === 'EADDRINUSE' && this.#options.apiPortMayChange && !this.#stopped) {
      this.#apiPort = 0;
      const second = await this.#run();
      if ('api' in second) return this.#keep(second);
    }
    const lines = lastLines(this.#options.state.controlPlaneLog, 12);
    throw new Failure(
      ['the control plane did not start', ...lines.map((line) => `    │ ${line}`)].join('\n'),
    );
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#child?.stop(graceMs);
    rmSync(this.#configPath, { force: true });
  }

  /** Starts it once; resolves when it is ready, or has ended before it was. */
  async #run(): Promise<ControlPlaneReady | NotReady> {
    const { state, registry, config, onReady } = this.#options;
    this.#startedAt = Date.now();
    try {
      const text = `${JSON.stringify(config(this.#apiPort), null, 2)}\n`;
      writeFileSync(this.#configPath, text, { mode: 0o600 });
    } catch (error) {
      return { ready: false, message: messageOf(error) };
    }
    const program = programPath('control-plane');
    const child = startChild(
      {
        name: 'control-plane',
        role: 'proxy',
        command: process.execPath,
        args: [program, '--config', this.#configPath],
        env: proxyEnv(state.compileCache),
        cwd: state.root,
        logPath: state.controlPlaneLog,
        lifeline: true,
        readStdout: true,
      },
      registry,
    );
    this.#child = child;
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_WITHIN_MS);
    const ready = await Promise.race([
      readReadyLine(child),
      child.exited.then((): NotReady => ({ ready: false })),
    ]);
    clearTimeout(timer);
    if ('api' in ready) onReady(ready);
    else await child.exited;
    return ready;
  }

  /** From now on it is started again whenever it ends. */
  #keep(ready: ControlPlaneReady): ControlPlaneReady {
    const child = this.#child;
    void child?.exited.then((exit) => this.#ended(formatExit(exit)));
    return ready;
  }

  #ended(reason: string): void {
    if (this.#stopped) return;
    const wait = this.#delay.next(Date.now() - this.#startedAt);
    this.#options.reporter.warn(
      `control plane ended (${reason}); starting it again. Traffic goes on without it.`,
    );
    this.#timer = setTimeout(async () => {
      if (this.#stopped) return;
      const ready = await this.#run();
      if ('api' in ready) this.#keep(ready);
      else this.#ended(ready.message ?? 'it did not become ready');
    }, wait);
  }
}

/** Resolves with the first line that says ready; whatever else comes on stdout is read and dropped. */
function readReadyLine(child: Child): Promise<ControlPlaneReady | NotReady> {
  return new Promise((resolve) => {
    if (child.stdout === undefined) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const ready = parseReadyLine(line);
      if (ready !== undefined) resolve(ready);
    });
  });
}

function parseReadyLine(line: string): ControlPlaneReady | NotReady | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'ready' in value
      ? (value as unknown as ControlPlaneReady | NotReady)
      : undefined;
  } catch {
    return undefined;
  }
}

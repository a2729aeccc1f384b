import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Failure } from '../failure.ts';
import { BackOff } from './back-off.ts';
import { type Child, type ChildRegistry, formatExit, startChild } from './child.ts';
import { lastLines } from './log-file.ts';
import { proxyEnv } from './proxy-process.ts';
import type { Reporter } from './reporter.ts';
import type { StateDir } from './state-dir.ts';

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

export interface ControlPlaneOptions {
  readonly state: StateDir;
  /** The content of its configuration file. */
  readonly config: object;
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
  readonly #backOff = new BackOff();
  readonly #configPath: string;
  #child: Child | undefined;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#configPath = join(options.state.run, 'control-plane.json');
  }

  get pid(): number | undefined {
    return this.#child?.running ? this.#child.pid : undefined;
  }

  /** @throws Failure with the last lines of its log, when it ends before it was ready */
  async start(): Promise<ControlPlaneReady> {
    writeFileSync(this.#configPath, `${JSON.stringify(this.#options.config, null, 2)}\n`, { mode: 0o600 });
    const ready = await this.#run();
    if (ready !== undefined) return ready;
    this.#stopped = true;
    clearTimeout(this.#timer);
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

  /** Starts it once; resolves when it is ready, or with undefined when it ended before. */
  async #run(): Promise<ControlPlaneReady | undefined> {
    const { state, registry, onReady } = this.#options;
    const startedAt = Date.now();
    const program = fileURLToPath(import.meta.resolve('@tulle/control-plane/main'));
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
    void child.exited.then((exit) => this.#ended(formatExit(exit), Date.now() - startedAt));
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_WITHIN_MS);
    const ready = await Promise.race([readReadyLine(child), child.exited.then(() => undefined)]);
    clearTimeout(timer);
    if (ready !== undefined) onReady(ready);
    return ready;
  }

  #ended(reason: string, ranMs: number): void {
    if (this.#stopped) return;
    const wait = this.#backOff.next(ranMs);
    this.#options.reporter.warn(
      `control plane ended (${reason}); starting it again. Traffic goes on without it.`,
    );
    this.#timer = setTimeout(() => {
      if (!this.#stopped) void this.#run();
    }, wait);
  }
}

/** Resolves with the first line that says ready; whatever else comes on stdout is read and dropped. */
function readReadyLine(child: Child): Promise<ControlPlaneReady> {
  return new Promise((resolve) => {
    if (child.stdout === undefined) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const ready = parseReadyLine(line);
      if (ready !== undefined) resolve(ready);
    });
  });
}

export function parseReadyLine(line: string): ControlPlaneReady | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'ready' in value && value.ready === true
      ? (value as unknown as ControlPlaneReady)
      : undefined;
  } catch {
    return undefined;
  }
}

import {
  type Child,
  type ChildExit,
  type ChildRegistry,
  formatExit,
  type LoggedChildSpec,
  startChild,
} from '../process/child.ts';
import { lastLines } from '../process/log-file.ts';
import { RestartDelay } from '../process/restart-delay.ts';
import { type Probe, type ProbeLoop, startProbeLoop } from './probe-loop.ts';

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

export interface AppProbes {
  readonly readiness: Probe;
  readonly liveness?: Probe;
  readonly startup?: Probe;
}

export interface AppOptions {
  /** Made anew for each start. */
  readonly spec: () => LoggedChildSpec;
  readonly probes: AppProbes;
  readonly restartPolicy: RestartPolicy;
  readonly backOff: { readonly firstMs: number; readonly longestMs: number };
  readonly registry: ChildRegistry;
  /** An app that has not become ready by then is reported; milliseconds. */
  readonly readyWithinMs: number;
  readonly onChange: (event: AppEvent) => void;
}

export type AppEvent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unready'; readonly reason: string }
  | { readonly kind: 'slow'; readonly reason: string; readonly lastLines: readonly string[] }
  | {
      readonly kind: 'ended';
      readonly exit: ChildExit;
      readonly reason: string;
      readonly lastLines: readonly string[];
      /** Undefined when the restart policy says to leave it. */
      readonly restartInMs: number | undefined;
      readonly failures: number;
    };

/** How many of an application's last lines explain an end. */
const EXPLAINING_LINES = 10;

/**
 * One application process, kept running as its restart policy says:
 * `Stopped → Starting → Ready ⇄ Unready → (ended) → Starting | Stopped`.
 * The startup probe holds the others back; a failed liveness or startup probe ends the process.
 */
export class AppProcess {
  readonly #options: AppOptions;
  readonly #delay: RestartDelay;
  #child: Child | undefined;
  #logPath = '';
  #loops: ProbeLoop[] = [];
  #ready = false;
  #stopped = false;
  #restart: NodeJS.Timeout | undefined;
  #slow: NodeJS.Timeout | undefined;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#delay = new RestartDelay(options.backOff);
  }

  get ready(): boolean {
    return this.#ready;
  }

  get pid(): number | undefined {
    return this.#child?.running ? this.#child.pid : undefined;
  }

  async start(): Promise<void> {
    if (this.#stopped) return;
    const { registry, onChange, restartPolicy } = this.#options;
    const spec = this.#options.spec();
    this.#logPath = spec.logPath;
    const startedAt = Date.now();
    const child = startChild(spec, registry);
    this.#child = child;
    this.#watch(child);
    const exit = await child.exited;
    this.#endProbes();
    this.#ready = false;
    if (this.#stopped) return;
    const again = restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && exit.code !== 0);
    const restartInMs = again ? this.#delay.next(Date.now() - startedAt) : undefined;
    if (restartInMs !== undefined) this.#restart = setTimeout(() => void this.start(), restartInMs);
    onChange({
      kind: 'ended',
      exit,
      reason: formatExit(exit),
      lastLines: lastLines(spec.logPath, EXPLAINING_LINES),
      restartInMs,
      failures: this.#delay.failures,
    });
  }

  /** SIGTERM to its group, SIGKILL after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#ready = false;
    clearTimeout(this.#restart);
    this.#endProbes();
    await this.#child?.stop(graceMs);
  }

  #watch(child: Child): void {
    const { probes, readyWithinMs } = this.#options;
    this.#slow = setTimeout(() => {
      const reason = this.#loops
        .map(({ lastFailure }) => lastFailure)
        .find((failure) => failure !== undefined);
      const lines = lastLines(this.#logPath, EXPLAINING_LINES);
      this.#options.onChange({ kind: 'slow', reason: reason ?? 'no probe has succeeded', lastLines: lines });
    }, readyWithinMs);
    if (probes.startup === undefined) this.#probe(child);
    else {
      const startup = startProbeLoop(probes.startup, (passing, reason) => {
        startup.stop();
        if (passing) this.#probe(child);
        else this.#giveUp(child, `startup probe: ${reason}`);
      });
      this.#loops.push(startup);
    }
  }

  #probe(child: Child): void {
    const { readiness, liveness } = this.#options.probes;
    this.#loops.push(
      startProbeLoop(readiness, (passing, reason) => {
        if (!child.running || passing === this.#ready) return;
        this.#ready = passing;
        if (passing) clearTimeout(this.#slow);
        this.#options.onChange(passing ? { kind: 'ready' } : { kind: 'unready', reason: reason ?? '' });
      }),
    );
    if (liveness === undefined) return;
    this.#loops.push(
      startProbeLoop(liveness, (passing, reason) => {
        if (!passing) this.#giveUp(child, `liveness probe: ${reason}`);
      }),
    );
  }

  /** The end is then reported, and followed by a restart, like any other. */
  #giveUp(child: Child, reason: string): void {
    this.#options.onChange({ kind: 'unready', reason });
    void child.stop(5000);
  }

  #endProbes(): void {
    clearTimeout(this.#slow);
    for (const loop of this.#loops) loop.stop();
    this.#loops = [];
  }
}

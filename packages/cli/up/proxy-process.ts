import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import type { ProxyMetadata } from '@tulle/xds/node';
import { type Child, type ChildExit, type ChildRegistry, formatExit, startChild } from './child.ts';
import { lastLines, lastWords } from './log-file.ts';
import { runProbe } from './probe.ts';
import { programPath } from './program.ts';
import { RestartDelay } from './restart-delay.ts';

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
  readonly registry: ChildRegistry;
  /** The proxy became ready, or ended. */
  readonly onChange: (event: ProxyEvent) => void;
}

export type ProxyEvent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ended'; readonly reason: string; readonly restartInMs: number };

/**
 * One proxy, kept running: `Stopped → Starting → Ready → (ended) → Starting | Stopped`. A proxy that ends by
 * itself is started again with back-off and the same ports, since its application's environment names them.
 */
export class ProxyProcess {
  readonly #options: ProxyOptions;
  readonly #delay = new RestartDelay();
  #child: Child | undefined;
  #ready = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ProxyOptions) {
    this.#options = options;
  }

  get ready(): boolean {
    return this.#ready;
  }

  get pid(): number | undefined {
    return this.#child?.running ? this.#child.pid : undefined;
  }

  /** The last lines of its log say that a port of its own was taken. */
  get portTaken(): boolean {
    return lastLines(this.#options.logPath, 40).some((line) =>
      // Node's words and Envoy's.
      /EADDRINUSE|Address already in use/.test(line),
    );
  }

  async start(): Promise<void> {
    const { bootstrap, bootstrapPath, logPath, compileCache, cwd, registry, instance } = this.#options;
    let content: Bootstrap;
    try {
      content = await bootstrap();
    } catch (error) {
      this.#ended(`can't be prepared: ${error instanceof Error ? error.message : String(error)}`, 0);
      return;
    }
    if (this.#stopped) return;
    writeFileSync(bootstrapPath, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
    const engine = content.node.metadata.TULLE_ENGINE;
    const startedAt = Date.now();
    const child = startChild(
      {
        name: `${instance}.proxy`,
        role: 'proxy',
        ...proxyCommand(bootstrapPath, engine),
        env: engine === 'envoy' ? agentEnv(compileCache) : proxyEnv(compileCache),
        cwd,
        logPath,
        lifeline: true,
      },
      registry,
    );
    this.#child = child;
    void this.#waitUntilReady(child, content.admin.port);
    const exit = await child.exited;
    if (this.#child === child) this.#ended(this.#describe(exit), Date.now() - startedAt);
  }

  /** SIGTERM: the proxy drains for at most `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#ready = false;
    clearTimeout(this.#timer);
    await this.#child?.stop(graceMs);
    rmSync(this.#options.bootstrapPath, { force: true });
  }

  async #waitUntilReady(child: Child, port: number): Promise<void> {
    const action = { kind: 'httpGet', port, path: '/ready', headers: {} } as const;
    while (child.running && !this.#stopped) {
      if ((await runProbe(action, READY_TIMEOUT_MS)) === undefined) {
        if (!child.running || this.#stopped) return;
        this.#ready = true;
        this.#options.onChange({ kind: 'ready' });
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
  }

  #ended(reason: string, ranMs: number): void {
    this.#ready = false;
    if (this.#stopped) return;
    const restartInMs = this.#delay.next(ranMs);
    this.#timer = setTimeout(() => void this.start(), restartInMs);
    this.#options.onChange({ kind: 'ended', reason, restartInMs });
  }

  #describe(exit: ChildExit): string {
    const last = lastWords(this.#options.logPath);
    return last === undefined || exit.signal !== null ? formatExit(exit) : `${formatExit(exit)}: ${last}`;
  }
}

/**
 * The proxy as a program. Ours gets flags that keep an idle one small and a busy one in the processor's
 * cache (a semi-space of 1 MB: over mTLS 28 µs per request instead of 40 with 2 MB; one helper thread);
 * an Envoy is run by an agent of ours beside it.
 */
function proxyCommand(
  bootstrapPath: string,
  engine: ProxyMetadata['TULLE_ENGINE'],
): { command: string; args: string[] } {
  if (engine === 'envoy') {
    const tulle = fileURLToPath(new URL('../bin/tulle.mjs', import.meta.url));
    return {
      command: process.execPath,
      args: [tulle, 'proxy', '--engine', 'envoy', '--bootstrap', bootstrapPath],
    };
  }
  const program = programPath('data-plane');
  return {
    command: process.execPath,
    args: ['--max-semi-space-size=1', '--v8-pool-size=1', program, '--bootstrap', bootstrapPath],
  };
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

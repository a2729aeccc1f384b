import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import type { ProxyIdentity } from '@tulle/data-plane/identity/identity';
import { envoyBootstrap } from './bootstrap.ts';
import { drain } from './drain.ts';
import { serveSecrets } from './secret-service.ts';

export interface EnvoyAgentOptions {
  readonly bootstrap: Bootstrap;
  readonly identity: ProxyIdentity;
  /** Absolute path of the binary. */
  readonly envoy: string;
  /** Asks for an orderly end: SIGTERM, or the supervisor's pipe has closed. */
  readonly stop: AbortSignal;
}

/** How Envoy ended. An orderly stop that was asked for is code 0. */
export interface EnvoyExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Envoy's own part of the time between SIGTERM and its exit; then SIGKILL. */
const exitGraceMs = 700;

/** The agent's folder: socket and Envoy's bootstrap, in the proxy's own state. What a killed agent left goes. */
export function makeAgentFolder(stateDir: string): string {
  const folder = join(stateDir, 'envoy');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/**
 * Runs Envoy until it ends or `stop` asks for it; then its listeners drain first. No process and no socket stays.
 *
 * The process must stand in the folder of `makeAgentFolder`, and Envoy stands there too: a socket's path is
 * limited to about 107 bytes, which a path from the root may exceed and a bare name does not.
 */
export async function runEnvoy({ bootstrap, identity, envoy, stop }: EnvoyAgentOptions): Promise<EnvoyExit> {
  const socket = 'sds';
  const config = 'bootstrap.json';
  const secrets = await serveSecrets(socket, identity.current());
  const endRotation = identity.onRotate((svid) => secrets.update(svid));
  try {
    writeFileSync(config, JSON.stringify(envoyBootstrap(bootstrap, socket), null, 2), { mode: 0o600 });
    const child = spawn(envoy, ['-c', config, ...envoyFlags(bootstrap.drainSeconds)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return await supervise(child, bootstrap, stop);
  } finally {
    endRotation();
    secrets.close();
  }
}

/** One worker is what our own proxy has; a drain shall close connections from its first moment on. */
const envoyFlags = (drainSeconds: number): string[] => [
  ...['--concurrency', '1', '--disable-hot-restart', '--log-level', 'warning'],
  ...['--drain-time-s', String(Math.max(1, Math.ceil(drainSeconds))), '--drain-strategy', 'immediate'],
];

async function supervise(child: ChildProcess, bootstrap: Bootstrap, stop: AbortSignal): Promise<EnvoyExit> {
  const exit = (async (): Promise<EnvoyExit> => {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return { code, signal };
  })();
  const { promise: stopped, resolve: onStop } = Promise.withResolvers<'stopped'>();
  if (stop.aborted) onStop('stopped');
  else stop.addEventListener('abort', () => onStop('stopped'), { once: true });
  const first = await Promise.race([exit, stopped]);
  if (first !== 'stopped') return first;
  await Promise.race([drain(bootstrap.admin, bootstrap.drainSeconds * 1000), exit]);
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), exitGraceMs);
  await exit;
  clearTimeout(timer);
  return { code: 0, signal: null };
}

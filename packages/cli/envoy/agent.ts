import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import type { ProxyIdentity } from '@tulle/data-plane/identity/identity';
import { envoyBootstrap } from './bootstrap.ts';
import { drain } from './drain.ts';
import { serveSecrets } from './secret-service.ts';

export interface EnvoyAgentOptions {
  readonly bootstrap: Bootstrap;
  readonly identity: ProxyIdentity;
  /** Path of the binary. */
  readonly envoy: string;
  /** Asks for an orderly end: SIGTERM, or the supervisor's pipe has closed. */
  readonly stop: AbortSignal;
}

/** Envoy's own part of the time between SIGTERM and its exit; then SIGKILL. */
const exitGraceMs = 2000;

/**
 * Runs Envoy until it ends or `stop` asks for it; then its listeners drain first. Nothing stays: no process, no
 * socket, no file.
 * @returns Envoy's exit code; 0 after an orderly stop
 */
export async function runEnvoy({ bootstrap, identity, envoy, stop }: EnvoyAgentOptions): Promise<number> {
  // A socket's path is limited to about 107 bytes, so it can't lie in the state folder.
  const folder = mkdtempSync(join(tmpdir(), 'tulle-envoy-'));
  const socket = join(folder, 'sds');
  const secrets = await serveSecrets(socket, identity.current());
  const endRotation = identity.onRotate((svid) => secrets.update(svid));
  try {
    const config = join(folder, 'bootstrap.json');
    writeFileSync(config, JSON.stringify(envoyBootstrap(bootstrap, socket)), { mode: 0o600 });
    const child = spawn(
      envoy,
      ['-c', config, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'warning'],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    return await supervise(child, bootstrap, stop);
  } finally {
    endRotation();
    secrets.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function supervise(child: ChildProcess, bootstrap: Bootstrap, stop: AbortSignal): Promise<number> {
  const ended = once(child, 'exit') as Promise<[code: number | null]>;
  const stopped = new Promise<'stopped'>((resolve) => {
    if (stop.aborted) resolve('stopped');
    else stop.addEventListener('abort', () => resolve('stopped'), { once: true });
  });
  const first = await Promise.race([ended, stopped]);
  if (first !== 'stopped') return first[0] ?? 1;
  await Promise.race([drain(bootstrap.admin, bootstrap.drainSeconds * 1000), ended]);
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), exitGraceMs);
  await ended;
  clearTimeout(timer);
  return 0;
}

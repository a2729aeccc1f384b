import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import { messageOf } from '../../failure.ts';
import { type Io, note } from '../../io.ts';
import { formatExit, startChild } from '../process/child.ts';
import { LIFELINE_FD } from './bootstrap-file.ts';
import { proxyEnv, workerCommand } from './proxy-process.ts';
import { WorkerSet } from './worker-set.ts';

/** nginx's signal for the same. */
const RESTART_SIGNAL = 'SIGUSR2';

/**
 * Runs one proxy of ours in the foreground: this process is the parent of its workers. Resolves when it was asked to
 * end and all have.
 *
 * @param concurrency worker processes; 0: one per processor
 * @param lifeline aborted when whoever started us is gone
 * @param newToken for when its certificate has expired
 */
export async function runWorkers(
  bootstrap: Bootstrap,
  concurrency: number,
  io: Io,
  lifeline: AbortSignal,
  newToken: () => Promise<string>,
): Promise<void> {
  const count = concurrency > 0 ? concurrency : availableParallelism();
  const stop = AbortSignal.any([io.interrupted, lifeline]);
  mkdirSync(bootstrap.stateDir, { recursive: true, mode: 0o700 });
  const path = join(bootstrap.stateDir, 'worker-bootstrap.json');
  writeFileSync(path, JSON.stringify({ ...bootstrap, lifelineFd: LIFELINE_FD }), { mode: 0o600 });
  const set = new WorkerSet({
    count,
    prepare: () => Promise.resolve(),
    newToken,
    spawn: (id, { succeeds }) =>
      startChild(
        {
          name: id,
          role: 'proxy',
          ...workerCommand(path, id, count, succeeds),
          env: proxyEnv(join(bootstrap.stateDir, 'compile-cache')),
          cwd: bootstrap.stateDir,
          lifeline: true,
          channel: true,
        },
        { started: () => {}, ended: () => {} },
      ),
    onServing: () => {},
    onEnded: ({ exit, reason, restartInMs }) =>
      note(
        io,
        `a worker ended (${exit === undefined ? reason : formatExit(exit)}); another starts in ${Math.round(restartInMs)} ms`,
      ),
  });
  const restart = (): void => {
    set.restart().then(
      () => note(io, 'new workers have taken over'),
      (error: unknown) => note(io, `no new workers: ${messageOf(error)}`),
    );
  };
  process.on(RESTART_SIGNAL, restart);
  try {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    stop.addEventListener('abort', () => resolve(), { once: true });
    if (!stop.aborted) {
      void set.start();
      await asked;
    }
    await set.stop(bootstrap.drainSeconds * 1000 + 1000);
  } finally {
    process.off(RESTART_SIGNAL, restart);
    rmSync(path, { force: true });
  }
}

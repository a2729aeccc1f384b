import { existsSync } from 'node:fs';
import { Failure } from '../failure.ts';
import type { Reporter } from './screen/reporter.ts';
import { clearLeftovers } from './state/leftovers.ts';
import { lockState, type StateLock } from './state/lock.ts';
import type { MeshFile } from './state/mesh-file.ts';
import { type RunRecord, readRunRecord, writeJson } from './state/run-record.ts';
import { emptyStateDir, prepareStateDir, removeRunFiles, type StateDir } from './state/state-dir.ts';

/**
 * Takes a state directory for a new run: locks it, clears what a killed supervisor has left, and empties it
 * when asked to.
 * @throws Failure when a mesh already runs from it, saying how to reach that one
 */
export async function openMesh(
  state: StateDir,
  file: MeshFile,
  options: { readonly fresh: boolean; readonly reporter: Reporter },
): Promise<StateLock> {
  prepareStateDir(state);
  const lock = lockState(state.lock);
  if (lock === undefined) throw new Failure(describeRunning(readRunRecord(state.runRecord), state));
  try {
    const left = readRunRecord(state.runRecord);
    if (left !== undefined) {
      const cleared = await clearLeftovers(left);
      if (cleared.length > 0)
        options.reporter.info(`cleared ${cleared.length} processes that a killed run had left`);
    }
    removeRunFiles(state);
    if (options.fresh) emptyStateDir(state);
    prepareStateDir(state);
    writeJson(state.meshRecord, { mesh: file.mesh.metadata.name, file: file.path });
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}

function describeRunning(run: RunRecord | undefined, state: StateDir): string {
  if (run === undefined) return `a mesh is just starting in ${state.root}`;
  const urls = [run.urls.http, run.api === undefined ? undefined : `API ${run.api}`].filter(
    (url) => url !== undefined,
  );
  return [
    `mesh ${run.mesh} already runs (pid ${run.supervisor.pid}, since ${run.startedAt})`,
    ...(urls.length === 0 ? [] : [`  reach it at ${urls.join(', ')}`]),
    '  see it with "tulle status", stop it with "tulle down"',
  ].join('\n');
}

/** After a stop nothing of the run is left; what is kept goes on with the next start. */
export function closeMesh(state: StateDir, lock: StateLock): void {
  if (existsSync(state.run)) removeRunFiles(state);
  lock.release();
}

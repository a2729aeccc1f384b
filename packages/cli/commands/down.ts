import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import type { Command } from 'commander';
import { chooseMesh } from '../api/choose-mesh.ts';
import { Failure } from '../failure.ts';
import { type Io, print } from '../io.ts';
import { signalProcess } from '../up/process/process-identity.ts';
import { clearLeftovers, gone } from '../up/state/leftovers.ts';
import { lockState } from '../up/state/lock.ts';
import { readRunRecord } from '../up/state/run-record.ts';
import { emptyStateDir, removeRunFiles } from '../up/state/state-dir.ts';
import { example } from './options/examples.ts';
import { addMeshOptions } from './options/mesh.ts';

interface DownOptions {
  readonly purge?: boolean;
  readonly mesh?: string;
  readonly state?: string;
}

/** A supervisor stops everything within 5 s; after this it is taken for hung. */
const PATIENCE_MS = 10_000;

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .option('--purge', 'forget the state, too: resources, certificates, logs')
    .addHelpText('after', example('tulle down', 'tulle down --purge', 'tulle down --mesh bookinfo'))
    .action((_: unknown, self: Command) => down(self.optsWithGlobals<DownOptions>(), io));
}

async function down(options: DownOptions, io: Io): Promise<void> {
  const { state, record, run } = chooseMesh(options, io);
  if (run !== undefined) {
    signalProcess(run.supervisor, 'SIGTERM');
    if (!(await gone([run.supervisor], PATIENCE_MS))) {
      signalProcess(run.supervisor, 'SIGKILL');
      await gone([run.supervisor], 1000);
    }
    print(io, `mesh ${record.mesh} stopped`);
  }
  const lock = lockState(state.lock);
  if (lock === undefined) throw new Failure(`mesh ${record.mesh} has been started again meanwhile`);
  try {
    const left = readRunRecord(state.runRecord);
    const cleared = left === undefined ? [] : await clearLeftovers(left);
    if (cleared.length > 0) print(io, `${cleared.length} processes of a killed run ended`);
    else if (run === undefined) print(io, `mesh ${record.mesh} is not running`);
    removeRunFiles(state);
    if (options.purge) {
      emptyStateDir(state);
      print(io, `state of ${record.mesh} removed (${state.root})`);
    }
  } finally {
    lock.release();
  }
  if (options.purge) {
    rmSync(state.lock, { force: true });
    removeIfEmpty(state.root);
  }
}

/** A folder that the user named may hold other things. */
function removeIfEmpty(folder: string): void {
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

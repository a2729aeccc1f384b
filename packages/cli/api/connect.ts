import { readFileSync } from 'node:fs';
import { Failure } from '../failure.ts';
import { type Io, note } from '../io.ts';
import type { RunRecord } from '../up/state/run-record.ts';
import type { StateDir } from '../up/state/state-dir.ts';
import { ApiError } from './api-error.ts';
import { chooseRunningMesh, type MeshChoice } from './choose-mesh.ts';
import { type ApiClient, createApiClient } from './client.ts';
import { patientFetch } from './patient-fetch.ts';

/** A running mesh and its API. */
export interface Connection {
  readonly client: ApiClient;
  readonly run: RunRecord;
  readonly state: StateDir;
}

/**
 * @param told what the user has been told already: the API's warnings of the same are left out
 * @throws Failure when no mesh runs, or its control plane has not started yet
 */
export function connect(choice: MeshChoice, io: Io, told: Iterable<string> = []): Connection {
  const { run, state } = chooseRunningMesh(choice, io);
  if (run.api === undefined) throw new Failure(`mesh ${run.mesh} is still starting`);
  const seen = new Set(told);
  const onWarning = (text: string): void => {
    // A dry run and the write after it warn of the same.
    if (!seen.has(text)) note(io, `Warning: ${text}`);
    seen.add(text);
  };
  const token = readFileSync(state.apiToken, 'utf8').trim();
  return { client: createApiClient({ url: run.api, token, onWarning, fetch: patientFetch() }), run, state };
}

/** What went wrong with the API, in words for people. */
export function explainApiFailure(error: unknown): string | undefined {
  if (error instanceof ApiError)
    return `Error from the API (${error.reason || error.status}): ${error.message}`;
  // fetch throws TypeError with the socket's error as its cause.
  if (error instanceof TypeError && error.message === 'fetch failed') {
    const cause = error.cause instanceof Error ? error.cause.message : 'no connection';
    return `the control plane does not answer (${cause}); it may be restarting`;
  }
  return undefined;
}

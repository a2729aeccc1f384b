import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { Failure, messageOf } from '../../failure.ts';

/**
 * Where everything of one mesh lies (docs/architecture.md, State). All paths are absolute; the folders are
 * readable by their owner alone.
 */
export interface StateDir {
  readonly root: string;
  readonly store: string;
  readonly apiToken: string;
  readonly kubeconfig: string;
  /** What the mesh is called and which file it came from; survives stops. */
  readonly meshRecord: string;
  /** From which files resources were applied (`source-book.ts`). */
  readonly sources: string;
  readonly lock: string;
  readonly compileCache: string;
  readonly logs: string;
  readonly run: string;
  readonly runRecord: string;
  proxyState(instance: string): string;
  appLog(instance: string): string;
  proxyLog(instance: string): string;
  readonly controlPlaneLog: string;
}

/** Where everything of a mesh lies below its folder; nothing is made. */
export function stateDirAt(root: string): StateDir {
  const at = (...parts: string[]): string => join(root, ...parts);
  return {
    root,
    store: at('store.sqlite'),
    apiToken: at('api-token'),
    kubeconfig: at('kubeconfig'),
    meshRecord: at('mesh.json'),
    sources: at('sources.json'),
    lock: at('lock'),
    compileCache: at('compile-cache'),
    logs: at('logs'),
    run: at('run'),
    runRecord: at('run', 'run.json'),
    proxyState: (instance) => at('proxies', instance),
    appLog: (instance) => at('logs', `${instance}.log`),
    proxyLog: (instance) => at('logs', `${instance}.proxy.log`),
    controlPlaneLog: at('logs', 'control-plane.log'),
  };
}

/** `$XDG_STATE_HOME/tulle`, by default `~/.local/state/tulle`. */
export function stateHome(env: Readonly<Record<string, string | undefined>>): string {
  return join(env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state'), 'tulle');
}

/** 8 hex digits that stand for a mesh file: of the SHA-256 of its real path. */
export function hashOfFile(file: string): string {
  return createHash('sha256').update(realpathSync(file)).digest('hex').slice(0, 8);
}

/** The default state directory of a mesh file: two clones of one repository get two. */
export function stateDirOf(
  meshName: string,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): StateDir {
  return stateDirAt(join(stateHome(env), `${basename(meshName)}-${hashOfFile(file)}`));
}

export function chosenStateDir(path: string, cwd: string): StateDir {
  return stateDirAt(resolve(cwd, path));
}

/**
 * Makes the folders that are missing and closes them to everybody else.
 * @throws Failure where this user may not, or the path is none for a folder
 */
export function prepareStateDir(state: StateDir): void {
  try {
    for (const path of [state.root, state.logs, state.run, join(state.root, 'proxies')]) {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      chmodSync(path, 0o700);
    }
  } catch (error) {
    throw new Failure(
      `can't make the mesh's state folder ${state.root}: ${messageOf(error)}\nSay another with --state FOLDER, or TULLE_STATE.`,
    );
  }
}

/** What goes with a run: bootstraps, configuration, the run record. */
export function removeRunFiles(state: StateDir): void {
  rmSync(state.run, { recursive: true, force: true });
}

/** Everything but the lock, which its holder still needs. */
export function emptyStateDir(state: StateDir): void {
  for (const path of [
    state.store,
    `${state.store}-wal`,
    `${state.store}-shm`,
    join(state.root, 'ca'),
    state.apiToken,
    join(state.root, 'api-tls.pem'),
    state.kubeconfig,
    state.meshRecord,
    state.sources,
    join(state.root, 'proxies'),
    state.logs,
    state.run,
    state.compileCache,
  ]) {
    rmSync(path, { recursive: true, force: true });
  }
}

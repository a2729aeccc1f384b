import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { Failure } from '../failure.ts';
import { isAlive } from '../up/process/process-identity.ts';
import { type MeshRecord, type RunRecord, readMeshRecord, readRunRecord } from '../up/state/run-record.ts';
import { chosenStateDir, type StateDir, stateDirAt, stateHome } from '../up/state/state-dir.ts';

/** How the user has said which mesh is meant: options that every command against a mesh has. */
export interface MeshChoice {
  readonly mesh?: string;
  readonly state?: string;
}

/** A mesh that has a state directory on this machine. */
export interface KnownMesh {
  readonly state: StateDir;
  readonly record: MeshRecord;
  /** Undefined when it does not run. */
  readonly run: RunRecord | undefined;
}

export interface ChoiceContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** @throws Failure when none runs, or several do and it is not clear which one is meant */
export function chooseRunningMesh(
  choice: MeshChoice,
  context: ChoiceContext,
): KnownMesh & { run: RunRecord } {
  const candidates = candidatesOf(choice, context);
  const running = candidates.filter(isRunning);
  const [only, ...others] = running.length > 1 ? preferNear(running, context.cwd) : running;
  if (only === undefined) throw new Failure(describeNone(choice, candidates, context));
  if (others.length > 0) throw new Failure(describeSeveral(running));
  return only;
}

/** Running or not: what `tulle down --purge` may work on. */
export function chooseMesh(choice: MeshChoice, context: ChoiceContext): KnownMesh {
  const candidates = candidatesOf(choice, context);
  const running = candidates.filter(isRunning);
  const pool = running.length > 0 ? running : candidates;
  const [only, ...others] = pool.length > 1 ? preferNear(pool, context.cwd) : pool;
  if (only === undefined) throw new Failure(describeNone(choice, candidates, context));
  if (others.length > 0) throw new Failure(describeSeveral(pool));
  return only;
}

function candidatesOf(choice: MeshChoice, { env, cwd }: ChoiceContext): KnownMesh[] {
  const folder = choice.state ?? env.TULLE_STATE;
  if (folder !== undefined) return [knownMesh(chosenStateDir(folder, cwd))].flatMap((mesh) => mesh ?? []);
  const home = stateHome(env);
  const meshes = (existsSync(home) ? readdirSync(home) : [])
    .sort()
    .flatMap((name) => knownMesh(stateDirAt(join(home, name))) ?? []);
  const { mesh } = choice;
  if (mesh === undefined) return meshes;
  return meshes.filter(({ record, state }) => record.mesh === mesh || basename(state.root) === mesh);
}

function knownMesh(state: StateDir): KnownMesh | undefined {
  const run = readRunRecord(state.runRecord);
  const record = readMeshRecord(state.meshRecord) ?? run;
  if (record === undefined) return undefined;
  return { state, record, run: run !== undefined && isAlive(run.supervisor) ? run : undefined };
}

function isRunning(mesh: KnownMesh): mesh is KnownMesh & { run: RunRecord } {
  return mesh.run !== undefined;
}

/** Those whose mesh file lies in the repository that the user stands in, if there are any. */
function preferNear<M extends KnownMesh>(meshes: readonly M[], cwd: string): readonly M[] {
  const repository = repositoryOf(realpathSync(cwd));
  const near = meshes.filter(({ record }) => record.file.startsWith(repository + sep));
  return near.length === 0 ? meshes : near;
}

function repositoryOf(directory: string): string {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return directory;
  }
}

function describeNone(
  { mesh, state }: MeshChoice,
  stopped: readonly KnownMesh[],
  context: ChoiceContext,
): string {
  const which =
    mesh === undefined ? (state === undefined ? 'no mesh' : `no mesh in ${state}`) : `no mesh "${mesh}"`;
  const known = stopped.map(({ record }) => `  tulle up ${record.file}`);
  return [
    `${which} is running`,
    ...(known.length === 0 ? ['Start one with "tulle up FILE".'] : ['Start it with:', ...known]),
    ...(mesh === undefined ? [] : describeOthers(candidatesOf({}, context).filter(isRunning))),
    ...(state === undefined && mesh === undefined
      ? ['One that was started with --state is found by the same --state, or by TULLE_STATE.']
      : []),
  ].join('\n');
}

function describeOthers(running: readonly KnownMesh[]): string[] {
  return running.length === 0 ? [] : [`Running: ${running.map(({ record }) => record.mesh).join(', ')}`];
}

function describeSeveral(meshes: readonly KnownMesh[]): string {
  const list = meshes.map(({ record, state }) => `  --mesh ${basename(state.root)}   (${record.file})`);
  return ['several meshes fit; say which one:', ...list].join('\n');
}

/** What a rollout needs to know of a running instance. */
export interface RolloutInstance {
  readonly name: string;
  readonly index: number;
  /** Which version of the Workload it runs. */
  readonly hash: string;
  readonly ready: boolean;
  /** Already on its way out. */
  readonly stopping: boolean;
}

export interface RolloutStep {
  /** Indexes of instances to start now. */
  readonly start: readonly number[];
  /** Names of instances to stop now. */
  readonly stop: readonly string[];
}

/**
 * The next step from what runs to what is wanted. Instances of an older version go one by one, each only
 * when a new one is ready in its place; a new version that never becomes ready stops the rollout there.
 */
export function nextStep(
  instances: readonly RolloutInstance[],
  wanted: { readonly replicas: number; readonly hash: string },
): RolloutStep {
  const { replicas, hash } = wanted;
  const staying = instances.filter(({ stopping }) => !stopping);
  const current = staying.filter((instance) => instance.hash === hash).sort(byReadiness);
  const old = staying.filter((instance) => instance.hash !== hash).sort(byReadiness);

  const missing = Math.max(0, replicas - current.length);
  const rolling = old.length > 0;
  const pending = current.some(({ ready }) => !ready);
  const startCount = rolling ? Math.min(missing, pending ? 0 : 1) : missing;

  const surplus = current.slice(replicas);
  const readyCurrent = current.filter(({ ready }) => ready).length;
  const replaced = old.slice(Math.max(0, replicas - readyCurrent));

  return {
    start: freeIndexes(instances, startCount),
    stop: [...surplus, ...replaced].map(({ name }) => name),
  };
}

/** Ready ones first, then the lower number: what comes last goes first. */
function byReadiness(a: RolloutInstance, b: RolloutInstance): number {
  return Number(b.ready) - Number(a.ready) || a.index - b.index;
}

/** The lowest numbers that no instance has, those on their way out included. */
function freeIndexes(instances: readonly RolloutInstance[], count: number): number[] {
  const taken = new Set(instances.map(({ index }) => index));
  const free: number[] = [];
  for (let index = 0; free.length < count; index++) if (!taken.has(index)) free.push(index);
  return free;
}

import type { Resource } from '@tulle/resources/kind';
import type { Problem } from '@tulle/resources/problem';
import type { Clock, Timer } from '@tulle/xds/clock';
import type { Finding as Found } from '../analyze/message.ts';
import { originOf, resourceKey } from '../model/origin.ts';
import { hourMs } from './analysis.ts';
import { type Breather, createBreather } from './breather.ts';
import {
  acceptedCondition,
  analyzedCondition,
  appliedCondition,
  type Finding,
  withConditions,
} from './conditions.ts';
import type { Count } from './tally.ts';

/** Acknowledgements are counted when none has come for this long, */
const quietMs = 250;
/** or when this long has passed since the first. */
const maxWaitMs = 1_000;
/** A count that has not settled for this long is written as it is: `Partial`. */
const stuckMs = 5_000;
/** Writes under way at once: those of one turn share a transaction of the store. */
const batch = 64;

/** Looking at everything takes long in a large mesh: others get their turn this often. */
const sliceMs = 10;
/** And that part of the time, at most, goes into looking: so many times as long as the last look it waits for the next. */
const rest = 4;
const maxRestMs = 5_000;

/** What the writer looks at when it is time. */
export interface StatusSources {
  resources(): Iterable<Resource>;
  /** Resources of these kinds carry conditions. */
  readonly conditioned: ReadonlySet<string>;
  /** The rest of a status: gives back the same when it is as it should be. */
  derive(resource: Resource, status: unknown): unknown;
  /** In slices, so that it does not hold up anything. */
  counts(breather: Breather): Promise<ReadonlyMap<string, Count>>;
  /** Brings `findings` up to date, in slices too. */
  analyze(breather: Breather): Promise<void>;
  /** What an analysis found, by `resourceKey`, the worst first. */
  findings(key: string): readonly Found[];
  /** What only some kinds say of themselves, whether they carry the others or not; what they say of `Applied` is what holds. */
  conditions(resource: Resource): readonly Finding[];
  /** By `resourceKey`. */
  problems(key: string, resource: Resource): readonly Problem[];
}

export interface StatusWriter {
  /** Something was pushed, acknowledged or refused, or a resource changed. */
  touch(): void;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

/**
 * The one writer of statuses. It looks at everything when things have calmed down, and writes what
 * differs from what stands there.
 */
export function createStatusWriter(options: {
  readonly sources: StatusSources;
  /** Stores the status; a resource that is gone is not an error. `change` gets the present status. */
  readonly write: (resource: Resource, change: (status: unknown) => unknown) => Promise<void>;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}): StatusWriter {
  const { sources, clock } = options;
  /** Since when a count is unsettled. */
  const unsettled = new Map<string, number>();
  let timer: Timer | undefined;
  let firstTouch: number | undefined;
  let restUntil = 0;
  let writing: Promise<void> = Promise.resolve();
  let busy = false;
  let touchedMeanwhile = false;
  let closed = false;

  function touch(): void {
    if (closed) return;
    if (busy) {
      touchedMeanwhile = true;
      return;
    }
    firstTouch ??= clock.steady();
    arm(Math.max(Math.min(quietMs, firstTouch + maxWaitMs - clock.steady()), restUntil - clock.steady()));
  }

  function arm(ms: number): void {
    timer?.cancel();
    timer = clock.after(Math.max(ms, 0), () => {
      timer = undefined;
      firstTouch = undefined;
      busy = true;
      const begin = clock.steady();
      writing = settle()
        .catch(options.onError)
        .finally(() => {
          busy = false;
          restUntil = clock.steady() + Math.min((clock.steady() - begin) * rest, maxRestMs);
          if (touchedMeanwhile) {
            touchedMeanwhile = false;
            touch();
          }
        });
    });
  }

  async function settle(): Promise<void> {
    const breather = createBreather(clock, sliceMs);
    await sources.analyze(breather);
    const counts = await sources.counts(breather);
    if (closed) return;
    const seen = new Set<string>();
    let waitMs: number | undefined;
    let writes: Promise<void>[] = [];
    for (const resource of sources.resources()) {
      const key = resourceKey(originOf(resource));
      seen.add(key);
      const own = sources.conditions(resource);
      const findings: Finding[] = [...own];
      if (sources.conditioned.has(resource.kind)) {
        const generation = resource.metadata.generation ?? 0;
        const count = counts.get(key);
        findings.push(acceptedCondition(sources.problems(key, resource), generation));
        findings.push(analyzedCondition(sources.findings(key), generation));
        const left = stillUnsettled(key, count);
        if (left !== undefined) waitMs = Math.min(waitMs ?? left, left);
        else if (!own.some(({ type }) => type === 'Applied'))
          findings.push(appliedCondition(count, generation));
      }
      const write = writeDifference(resource, findings);
      if (write !== undefined) writes.push(write);
      const pause = breather.pause();
      if (pause !== undefined) await pause;
      if (closed) return;
      if (writes.length < batch) continue;
      await Promise.all(writes);
      writes = [];
      if (closed) return;
    }
    await Promise.all(writes);
    for (const key of unsettled.keys()) if (!seen.has(key)) unsettled.delete(key);
    // Nobody may touch us again while a proxy just doesn't answer.
    if (!touchedMeanwhile && !closed) arm(waitMs ?? hourMs);
  }

  /** Milliseconds until the count is written all the same; undefined: it can be written now. */
  function stillUnsettled(key: string, count: Count | undefined): number | undefined {
    if (count === undefined || !count.pending || count.rejections.length > 0) {
      unsettled.delete(key);
      return undefined;
    }
    const since = unsettled.get(key) ?? clock.steady();
    unsettled.set(key, since);
    const left = since + stuckMs - clock.steady();
    return left > 0 ? left : undefined;
  }

  function writeDifference(resource: Resource, findings: readonly Finding[]): Promise<void> | undefined {
    const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const change = (status: unknown): unknown =>
      sources.derive(resource, findings.length === 0 ? status : withConditions(status, findings, now));
    if (change(resource.status) === resource.status) return undefined;
    return options.write(resource, change).catch(options.onError);
  }

  return {
    touch,
    async close() {
      closed = true;
      timer?.cancel();
      await writing;
    },
  };
}

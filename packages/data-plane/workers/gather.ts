import type { Gather } from '../admin/admin.ts';
import type { AdminSources } from '../admin/sources.ts';
import type { TimerWheel } from '../timers/wheel.ts';
import type { ParentLink } from './parent-link.ts';
import type { WorkerId } from './protocol.ts';
import {
  mergeClusters,
  mergeMetrics,
  takeStatistics,
  type WorkerStatistics,
  withoutGauges,
} from './statistics.ts';

/** A worker that has not answered by then is counted as it was last seen. */
const answerMs = 500;

/** Answers the lead when it asks what was counted here. */
export function reportStatistics(parent: ParentLink, sources: AdminSources): void {
  parent.onTold((message, from) => {
    if (message.kind !== 'statistics?') return;
    const statistics = takeStatistics(sources.metrics, sources.clusters());
    parent.tell(from, { kind: 'statistics', request: message.request, statistics });
  });
}

/**
 * The sources of the proxy as a whole: what this worker has counted, what the others have, and what those had
 * counted by the last time we asked who are gone.
 */
export function gatherStatistics(parent: ParentLink, wheel: TimerWheel, sources: AdminSources): Gather {
  const latest = new Map<WorkerId, WorkerStatistics>();
  /** Of all who are gone: another may come under an earlier one's id. */
  let past: WorkerStatistics = { metrics: [], clusters: [] };
  const open = new Map<number, Round>();
  let rounds = 0;
  parent.onTold((message, from) => {
    if (message.kind !== 'statistics') return;
    latest.set(from, message.statistics);
    open.get(message.request)?.heard(from);
  });
  parent.onWorkers(() => {
    const there = new Set(parent.others);
    for (const [worker, statistics] of latest) {
      if (there.has(worker)) continue;
      latest.delete(worker);
      past = takeStatistics(mergeMetrics([past, withoutGauges(statistics)]), []);
    }
    for (const round of open.values())
      for (const worker of round.missing) if (!there.has(worker)) round.heard(worker);
  });
  return (onGathered) => {
    const request = ++rounds;
    const round = new Round(parent.others, wheel, () => {
      open.delete(request);
      const others = [past, ...latest.values()];
      onGathered({
        ...sources,
        metrics: mergeMetrics([takeStatistics(sources.metrics, sources.clusters()), ...others]),
        clusters: () => mergeClusters(sources.clusters(), others),
      });
    });
    open.set(request, round);
    parent.tell('others', { kind: 'statistics?', request });
    round.begin();
  };
}

/** One question to all. Asking ─▶ Over (all have answered, are gone, or are late). */
class Round {
  readonly missing: Set<WorkerId>;
  readonly #timer: { start(ms: number): void; stop(): void };
  readonly #onOver: () => void;

  constructor(workers: readonly WorkerId[], wheel: TimerWheel, onOver: () => void) {
    this.missing = new Set(workers);
    this.#onOver = onOver;
    this.#timer = wheel.timer(onOver);
  }

  begin(): void {
    if (this.missing.size === 0) this.#onOver();
    else this.#timer.start(answerMs);
  }

  heard(worker: WorkerId): void {
    if (!this.missing.delete(worker) || this.missing.size > 0) return;
    this.#timer.stop();
    this.#onOver();
  }
}

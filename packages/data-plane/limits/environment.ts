import type { OpenBudget } from '@tulle/decision/limits/budgets';
import { TokenBucket } from '@tulle/decision/limits/token-bucket';
import { MetricRegistry } from '../telemetry/registry.ts';
import type { TimerWheel } from '../timers/wheel.ts';
import { BudgetBook } from './budget-book.ts';
import { LimitMetrics } from './limit-metrics.ts';
import { Pacers } from './pacer.ts';

/** What limit filters share over listeners and configurations. */
export interface LimitEnvironment {
  readonly budgets: BudgetBook;
  readonly metrics: LimitMetrics;
  readonly pacers: Pacers;
}

/** Of one proxy; a process alone keeps its buckets itself, and what nobody watches is counted for nobody. */
/** @param workers of the proxy, this one too: rates are shared out evenly */
export function limitEnvironment(
  wheel: TimerWheel,
  open: OpenBudget = (_name, settings) => new TokenBucket(settings, wheel.now()),
  metrics: LimitMetrics = new LimitMetrics(new MetricRegistry()),
  workers: () => number = () => 1,
): LimitEnvironment {
  const pacers = new Pacers(wheel, () => 1 / workers());
  return { budgets: new BudgetBook(open), metrics, pacers };
}

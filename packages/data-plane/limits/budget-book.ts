import { Budgets, type OpenBudget } from '@tulle/decision/limits/budgets';
import type { LocalRateLimit } from '@tulle/decision/tables/rate-limit';

/**
 * The budgets of a proxy's rate limits. Whoever asks for the same limit (its name and buckets) gets the same ones, as
 * long as somebody has them: so a limit holds over all listeners, and is not refilled by a new configuration.
 */
export class BudgetBook {
  readonly #open: OpenBudget;
  readonly #known = new Map<string, WeakRef<Budgets>>();

  constructor(open: OpenBudget) {
    this.#open = open;
  }

  of(limit: LocalRateLimit): Budgets {
    const { name, bucket, alwaysBucket, descriptors, maxDynamic } = limit;
    const key = JSON.stringify([name, bucket, alwaysBucket, descriptors, maxDynamic]);
    const known = this.#known.get(key)?.deref();
    if (known !== undefined) return known;
    for (const [gone, budgets] of this.#known) if (budgets.deref() === undefined) this.#known.delete(gone);
    const made = new Budgets(limit, this.#open);
    this.#known.set(key, new WeakRef(made));
    return made;
  }
}

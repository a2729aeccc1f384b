import type { Tables } from '@tulle/decision/tables/tables';
import type { Engine } from './engine.ts';
import type { ListenerFailure } from './listener/bind-failure.ts';
import { FailureLog } from './listener/failure-log.ts';
import type { Timer } from './timers/wheel.ts';

/** A listener that could not be bound is tried again after so long. */
const bindAgainMs = 1_000;

export interface AppliedTablesOptions {
  readonly engine: Engine;
  readonly log: (message: string) => void;
  /** A gateway serves when one of its listeners does, a sidecar when all do. */
  readonly role: 'sidecar' | 'router';
  readonly onFailures: (failures: readonly ListenerFailure[]) => void;
}

/** Tables as an engine has taken them into use; what could not be bound is tried again. */
export class AppliedTables {
  readonly #options: AppliedTablesOptions;
  readonly #failureLog: FailureLog;
  readonly #bound = Promise.withResolvers<void>();
  readonly #again: Timer;
  #stopped = false;

  constructor(options: AppliedTablesOptions) {
    this.#options = options;
    this.#failureLog = new FailureLog(options.log);
    this.#again = options.engine.wheel.timer(() => void this.apply(options.engine.tables as Tables));
  }

  /** Resolves when listeners were bound, once. */
  get bound(): Promise<void> {
    return this.#bound.promise;
  }

  async apply(tables: Tables): Promise<void> {
    const { engine, role, onFailures } = this.#options;
    const failures = await engine.apply(tables);
    // Newer tables tell of the same listeners.
    if (engine.tables !== tables || engine.draining || this.#stopped) return;
    this.#failureLog.tell(failures);
    onFailures(failures);
    if (failures.length === 0 || (role === 'router' && failures.length < tables.listeners.size))
      this.#bound.resolve();
    if (failures.length > 0) this.#again.start(bindAgainMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#again.stop();
  }
}

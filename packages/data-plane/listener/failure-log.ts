import type { ListenerFailure } from './bind-failure.ts';

/** Binding is tried again every second; what has been said of a listener is not said again until it changes. */
export class FailureLog {
  readonly #log: (message: string) => void;
  #told: ReadonlyMap<string, string> = new Map();

  constructor(log: (message: string) => void) {
    this.#log = log;
  }

  /** @param failures of the latest attempt, all of them */
  tell(failures: readonly ListenerFailure[]): void {
    const now = new Map(failures.map(({ listener, reason }) => [listener, reason]));
    for (const [listener, reason] of now)
      if (this.#told.get(listener) !== reason) this.#log(`listener ${listener}: ${reason}`);
    for (const listener of this.#told.keys())
      if (!now.has(listener)) this.#log(`listener ${listener}: no longer fails`);
    this.#told = now;
  }
}

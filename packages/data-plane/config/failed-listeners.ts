import type { Rejection, Update } from '@tulle/xds/client/ads-client';
import type { ListenerFailure } from '../listener/bind-failure.ts';

/**
 * Listeners that were taken in and then could not be bound. The answer to an update is due before its sockets
 * are bound, so it is corrected: the control plane is asked for the listener again, and what it sends is
 * refused as long as the address can't be had.
 *
 * ```
 *   Accepted ── can't be bound ──▶ asked for again ── sent ──▶ Refused ── bound ──▶ asked for again ── sent ──▶ Accepted
 * ```
 */
export class FailedListeners {
  readonly #askAgain: (names: readonly string[]) => void;
  /** Name ⇒ why not. */
  #reasons: ReadonlyMap<string, string> = new Map();

  constructor(askAgain: (names: readonly string[]) => void) {
    this.#askAgain = askAgain;
  }

  /** All that can't be bound now; called at every attempt. Only what has changed is told. */
  report(failures: readonly ListenerFailure[]): void {
    const before = this.#reasons;
    const now = new Map(failures.map(({ listener, reason }) => [listener, reason]));
    this.#reasons = now;
    const changed = [...new Set([...before.keys(), ...now.keys()])].filter(
      (name) => before.get(name) !== now.get(name),
    );
    if (changed.length > 0) this.#askAgain(changed);
  }

  /** What of an update is refused, beside what was refused already. */
  rejections({ resources }: Update, known: readonly Rejection[]): readonly Rejection[] {
    const told = new Set(known.map(({ name }) => name));
    return resources.flatMap(({ name }) => {
      const reason = this.#reasons.get(name);
      return reason === undefined || told.has(name) ? [] : [{ name, reason }];
    });
  }
}

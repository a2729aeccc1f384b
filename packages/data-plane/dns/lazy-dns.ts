import type { Listener, Tables } from '@tulle/decision/tables';
import type { TimerWheel } from '../timers/wheel.ts';
import type { DnsListeners } from './dns-listeners.ts';

export type DnsFailure = { readonly config: Listener; readonly error: Error };

/** Follows the tables' DNS listeners; the room is loaded with the first of them: most proxies answer no names. */
export class LazyDns {
  readonly #wheel: TimerWheel;
  #listeners: Promise<DnsListeners> | undefined;

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  /** @returns those that could not be bound */
  async update(tables: Tables): Promise<readonly DnsFailure[]> {
    if (this.#listeners === undefined && !tables.listeners.values().some(({ dns }) => dns !== undefined))
      return [];
    this.#listeners ??= import('./dns-listeners.ts').then((room) => new room.DnsListeners(this.#wheel));
    return (await this.#listeners).update(tables);
  }

  close(): void {
    void this.#listeners?.then((listeners) => listeners.close());
  }
}

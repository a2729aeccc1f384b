import type { Tables } from '@tulle/decision/tables/tables';
import type { TimerWheel } from '../timers/wheel.ts';
import type { ActiveDns, DnsFailure, DnsListeners } from './dns-listeners.ts';

/** Follows the tables' DNS listeners; the room is loaded with the first of them: most proxies answer no names. */
export class LazyDns {
  readonly #wheel: TimerWheel;
  #listeners: Promise<DnsListeners> | undefined;
  #loaded: DnsListeners | undefined;

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  get active(): Iterable<ActiveDns> {
    return this.#loaded?.active ?? [];
  }

  /** @returns those that could not be bound */
  async update(tables: Tables): Promise<readonly DnsFailure[]> {
    if (this.#listeners === undefined && !tables.listeners.values().some(({ dns }) => dns !== undefined))
      return [];
    this.#listeners ??= import('./dns-listeners.ts').then((room) => new room.DnsListeners(this.#wheel));
    this.#loaded = await this.#listeners;
    return this.#loaded.update(tables);
  }

  close(): void {
    if (this.#loaded !== undefined) this.#loaded.close();
    else void this.#listeners?.then((listeners) => listeners.close());
  }
}

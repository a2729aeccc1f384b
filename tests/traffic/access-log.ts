/** What senders logged of requests, by the scenario header. */
import { EventEmitter, once } from 'node:events';
import { eventually } from '../mesh.ts';
import type { From } from './scenario.ts';

/** Null: there is none. */
export interface Entry {
  readonly of: string;
  readonly route: string | null;
  readonly cluster: string | null;
  readonly status: number | null;
  readonly details: string | null;
  readonly flags: string | null;
  /** Whom it was sent to, address and port. */
  readonly upstream: string | null;
}

export class AccessLog {
  /** An event per request, when it is logged. */
  readonly #logged = new EventEmitter().setMaxListeners(0);
  readonly #entries = new Map<string, { readonly from: From; readonly entry: Entry }[]>();

  take(line: string, from: From): void {
    if (!line.startsWith('{')) return;
    const entry = JSON.parse(line) as Entry;
    const list = this.#entries.get(entry.of);
    if (list === undefined) this.#entries.set(entry.of, [{ from, entry }]);
    else list.push({ from, entry });
    this.#logged.emit(entry.of);
  }

  /** What a sender has logged of a request. Waits until it is written. */
  async entryOf(request: string, from: From): Promise<Entry> {
    for (;;) {
      const found = this.#entries.get(request)?.find((one) => one.from === from);
      if (found !== undefined) return found.entry;
      await once(this.#logged, request);
    }
  }

  /** The first entry of a request: its sender's, which is where it failed if it did. Waits until it is written. */
  firstOf(request: string): Promise<Entry> {
    return eventually(`a log entry of ${request}`, async () => this.#entries.get(request)?.[0]?.entry);
  }
}

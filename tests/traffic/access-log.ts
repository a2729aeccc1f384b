/** What senders logged of requests, by the scenario header. */
import { eventually } from '../mesh.ts';

interface Entry {
  readonly of: string;
  /** Null: none. */
  readonly flags: string | null;
}

export class AccessLog {
  readonly #flags = new Map<string, string[]>();

  take(line: string): void {
    if (!line.startsWith('{')) return;
    const { of, flags } = JSON.parse(line) as Entry;
    const list = this.#flags.get(of);
    if (list === undefined) this.#flags.set(of, [flags ?? '-']);
    else list.push(flags ?? '-');
  }

  /** The first entry of a request: its sender's, which is where it failed if it did. Waits until it is written. */
  flagsOf(request: string): Promise<string> {
    return eventually(`a log entry of ${request}`, async () => this.#flags.get(request)?.[0]);
  }
}

import type { Bootstrap } from './bootstrap.ts';
import { drain, handOver } from './drain.ts';
import type { Engine } from './engine.ts';

/** How long new connections are still taken while the news of our leaving travels, in milliseconds. */
const graceMs = 250;
/** Clients that are idle for so long when a successor has taken over are let go. */
const handOverIdleMs = 10_000;
const defaultHandOverSeconds = 600;

export interface EndingParts {
  readonly bootstrap: Bootstrap;
  readonly engine: Engine;
  /** Leaves the admin endpoint to whoever waits for it. */
  readonly closeAdmin: () => Promise<void> | undefined;
  /** Ends all but the admin endpoint; `goodbye`: the control plane takes the instance out at once. */
  readonly end: (goodbye: boolean) => Promise<void>;
}

/** The ways in which a proxy ends. */
export class Endings {
  readonly #parts: EndingParts;
  #draining: Promise<void> | undefined;

  constructor(parts: EndingParts) {
    this.#parts = parts;
  }

  /** Finishes what is open, says goodbye. However often it is called, it happens once. */
  drain(): Promise<void> {
    const { engine, bootstrap } = this.#parts;
    const limitMs = bootstrap.drainSeconds * 1000;
    this.#draining ??= drain(engine, { graceMs, limitMs }).then(() => this.#end(true));
    return this.#draining;
  }

  /** A successor serves: finishes what is open, however long that takes within bounds. */
  async retire(): Promise<void> {
    const { engine, bootstrap, closeAdmin } = this.#parts;
    await closeAdmin();
    const limitMs = (bootstrap.handOverSeconds ?? defaultHandOverSeconds) * 1000;
    await handOver(engine, { limitMs, idleMs: handOverIdleMs });
    await this.#end(false);
  }

  /** Ends at once. */
  close(): Promise<void> {
    return this.#end(false);
  }

  async #end(goodbye: boolean): Promise<void> {
    await this.#parts.end(goodbye);
    await this.#parts.closeAdmin();
  }
}

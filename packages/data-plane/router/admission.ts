import type { Breakers } from '../upstream/breakers.ts';

/** A request's place among those that its cluster may have at a time, given back exactly once. */
export class Admission {
  readonly breakers: Breakers;
  #holds = false;
  /** Another worker is being asked whether it can spare a place; takes the question back. */
  #unask: (() => void) | undefined = undefined;

  constructor(breakers: Breakers) {
    this.breakers = breakers;
  }

  /** A place that is free here. */
  take(): boolean {
    this.#holds = this.breakers.requests.take();
    return this.#holds;
  }

  /** After a `take` in vain: `onAnswer` is called once another worker has answered. False: there is nobody to ask. */
  ask(onAnswer: (taken: boolean) => void): boolean {
    this.#unask = this.breakers.requests.ask((taken) => {
      this.#unask = undefined;
      this.#holds = taken;
      onAnswer(taken);
    });
    return this.#unask !== undefined;
  }

  /** The request is over, whatever has become of it. */
  leave(): void {
    this.#unask?.();
    this.#unask = undefined;
    if (this.#holds) this.breakers.requests.release();
    this.#holds = false;
  }
}

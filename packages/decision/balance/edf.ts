import type { Random } from '../match.ts';

interface Entry<T> {
  deadline: number;
  order: number;
  readonly value: T;
}

/**
 * Earliest deadline first: each pick takes the entry with the least deadline and puts it back 1 / weight
 * later, so that entries come up in proportion to their weights, spread evenly. A binary heap; ties by age.
 * Where in its first turn an entry begins is random: a scheduler that is made anew often starves nobody.
 */
export class EdfScheduler<T> {
  readonly #weigh: (value: T) => number;
  readonly #heap: Entry<T>[] = [];
  #order = 0;

  /** @param weigh above 0; asked for the weight of each turn */
  constructor(values: readonly T[], weigh: (value: T) => number, random: Random) {
    this.#weigh = weigh;
    for (const value of values) {
      this.#heap.push({ deadline: random() / weigh(value), order: this.#order++, value });
      this.#up(this.#heap.length - 1);
    }
  }

  next(): T | undefined {
    const top = this.#heap[0];
    if (top === undefined) return undefined;
    top.deadline += 1 / this.#weigh(top.value);
    top.order = this.#order++;
    this.#down(0);
    return top.value;
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return x !== undefined;
    return x.deadline < y.deadline || (x.deadline === y.deadline && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    const held = this.#heap[a] as Entry<T>;
    this.#heap[a] = this.#heap[b] as Entry<T>;
    this.#heap[b] = held;
  }

  #up(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(from: number): void {
    for (let at = from; ; ) {
      const left = 2 * at + 1;
      const least = this.#before(left + 1, left) ? left + 1 : left;
      if (!this.#before(least, at)) return;
      this.#swap(at, least);
      at = least;
    }
  }
}

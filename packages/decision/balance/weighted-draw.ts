import { type Host, isEven, type Weigh } from './balancer.ts';

/** Draws a host with a probability in proportion to its weight. */
export class WeightedDraw<H extends Host> {
  readonly #hosts: readonly H[];
  /** Running sums; undefined when all weights are equal. */
  readonly #sums: readonly number[] | undefined;

  constructor(hosts: readonly H[], weigh: Weigh<H>) {
    this.#hosts = hosts;
    if (isEven(hosts, weigh)) return;
    let sum = 0;
    this.#sums = hosts.map((host) => {
      sum += weigh(host);
      return sum;
    });
  }

  /** `at` in [0, 1). */
  draw(at: number): H | undefined {
    const sums = this.#sums;
    if (sums === undefined) return this.#hosts[Math.floor(at * this.#hosts.length)];
    const wanted = at * (sums.at(-1) as number);
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return this.#hosts[low];
  }
}

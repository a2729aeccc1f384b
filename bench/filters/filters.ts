import { median } from '../measure/sample.ts';
import { type Case, cases, hopOf } from './cases.ts';
import { Hop } from './hop.ts';

/** A clock's tick is some of a request: so many are timed together. */
const batch = 50;
const rounds = 600;

/** Prints what each case costs. */
export function benchFilters(print: (line: string) => void): void {
  const plain = new Hop(hopOf({}));
  const all = cases().map(({ name, hop }) => ({ name, hop: new Hop(hop) }));
  // The code is compiled for all of them before any is timed: they share it, as filters do in a proxy.
  for (const hop of [plain, ...all.map((one) => one.hop), plain])
    for (let i = 0; i < 4_000; i++) askOnce(hop);
  print(
    `a hop without filters and wires: ${median(Array.from({ length: rounds }, () => timed(plain))).toFixed(2)} µs`,
  );
  print('µs per request more with (p50 of rounds in turn)');
  for (const { name, hop } of all)
    print(`  ${more(hop, plain).toFixed(2).padStart(5)}  ${name satisfies Case['name']}`);
}

/** Median over rounds of what a hop takes longer than another. */
function more(hop: Hop, than: Hop): number {
  const differences: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // Who comes second finds the caches of who came first.
    const [first, second] = round % 2 === 0 ? [hop, than] : [than, hop];
    const times = [timed(first), timed(second)] as const;
    differences.push(round % 2 === 0 ? times[0] - times[1] : times[1] - times[0]);
  }
  return median(differences);
}

/** µs per request. */
function timed(hop: Hop): number {
  const before = performance.now();
  for (let i = 0; i < batch; i++) askOnce(hop);
  return ((performance.now() - before) * 1_000) / batch;
}

function askOnce(hop: Hop): void {
  const status = hop.ask();
  if (status !== 200) throw new Error(`answered ${status}`);
}

/** The long run of packages/data-plane/http1/differential/differential.test.ts: a million messages, each whole, byte by byte, and cut in two. */
import { setImmediate as turn } from 'node:timers/promises';
import { compare, type Tally } from '@tulle/data-plane/http1/differential/differential.fixture';
import { expect, test } from 'vitest';

const seed = Number(process.env.TULLE_FUZZ_SEED ?? 1);
const cases = Number(process.env.TULLE_FUZZ_CASES ?? 500_000);

test.each(['requests', 'responses'] as const)(
  `${cases} %s from seed ${seed} are understood as by llhttp`,
  {
    timeout: 1_200_000,
  },
  async (kind) => {
    const tally = await compare({ kind, seed, cases, everyCut: 2_000, breathe: () => turn() });
    report(tally);
    expect(tally.same + tally.refused).toBeGreaterThan(cases / 2);
  },
);

function report({ kind, same, refused, listed }: Tally): void {
  const differences = [...listed]
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => `  ${count} ${what}`)
    .join('\n');
  process.stdout.write(`${kind}: ${same} the same, ${refused} refused by both\n${differences}\n`);
}

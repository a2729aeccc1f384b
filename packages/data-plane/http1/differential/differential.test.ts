/**
 * The same bytes to our codec and to llhttp in strict mode: what two readers understand differently is what
 * smuggling is made of. Slices here, a million messages in tests/hardening/differential.long.ts; TULLE_FUZZ_SEED and
 * TULLE_FUZZ_CASES choose others.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { compare } from './differential.fixture.ts';
import { ourRequests } from './our-reading.fixture.ts';

const seed = Number(process.env.TULLE_FUZZ_SEED ?? 20_261_121);
const cases = Number(process.env.TULLE_FUZZ_CASES ?? 8_000);
const breathe = (): Promise<void> => turn();

test.each(['requests', 'responses'] as const)(
  `${cases} %s from seed ${seed} are understood as by llhttp`,
  {
    timeout: 600_000,
  },
  async (kind) => {
    const tally = await compare({ kind, seed, cases, everyCut: 300, breathe });
    // The messages must not be so wild that nothing is compared.
    expect(tally.same).toBeGreaterThan(cases / 4);
    expect(tally.refused).toBeGreaterThan(cases / 8);
  },
);

test('the reading of a message tells all of it', () => {
  const bytes =
    'POST http://b/p HTTP/1.1\r\nHost: a\r\nX: y\r\nConnection: X-Hop\r\nX-Hop: 1\r\nTransfer-Encoding: chunked\r\n\r\n2;a\r\nhi\r\n0\r\nSum: 3\r\n\r\nGET / HTTP/1.0\r\n\r\n';
  expect(ourRequests([Buffer.from(bytes)])).toEqual({
    messages: [
      { start: 'POST b /p', fields: ['x: y'], body: 'hi', trailers: ['sum: 3'], keepAlive: true },
      { start: 'GET  /', fields: [], body: '', trailers: [], keepAlive: false },
    ],
    open: undefined,
    refused: undefined,
    over: true,
  });
});

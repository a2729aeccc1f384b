import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Inbox } from './inbox.ts';

const half = { bytes: new Uint8Array(33 * 1024) };
const small = { bytes: new Uint8Array(1) };

function inbox() {
  const taken: string[] = [];
  const box = new Inbox<{ name: string; items: { bytes: Uint8Array }[] }, { bytes: Uint8Array }>(
    ({ message, items, last }) => taken.push(`${message.name} ${items.length}${last ? ' last' : ''}`),
  );
  return { box, taken };
}

test('what is small is taken at once, one after another', () => {
  const { box, taken } = inbox();
  box.add({ name: 'a', items: [small, small] });
  box.add({ name: 'b', items: [] });
  expect(taken).toEqual(['a 2 last', 'b 0 last']);
});

test('what is large is taken in pieces, one a turn; what comes meanwhile waits', async () => {
  const { box, taken } = inbox();
  box.add({ name: 'a', items: [half, half, half, half, small] });
  box.add({ name: 'b', items: [small] });
  expect(taken).toEqual(['a 2']);
  await turn();
  expect(taken).toEqual(['a 2', 'a 2']);
  await turn();
  await turn();
  expect(taken).toEqual(['a 2', 'a 2', 'a 1 last', 'b 1 last']);
  box.add({ name: 'c', items: [small] });
  expect(taken.at(-1)).toBe('c 1 last');
});

test('what is forgotten is not taken', async () => {
  const { box, taken } = inbox();
  box.add({ name: 'a', items: [half, half, half] });
  box.clear();
  await turn();
  box.add({ name: 'b', items: [half, half] });
  expect(taken).toEqual(['a 2', 'b 2 last']);
});

import { expect, test } from 'vitest';
import { Uptake } from './uptake.ts';

test('a peer moves while it has taken some, and not all, since the mark', () => {
  const outbox = { pending: 100 };
  const uptake = new Uptake(outbox);
  uptake.mark();
  expect(uptake.moves).toBe(false);
  outbox.pending = 40;
  expect(uptake.moves).toBe(true);
  uptake.mark();
  expect(uptake.moves).toBe(false);
  outbox.pending = 0;
  expect(uptake.moves).toBe(false);
});

test('who has yet to take something gets ten times as long to close; nobody gets none', () => {
  const outbox = { pending: 1 };
  const uptake = new Uptake(outbox);
  expect(uptake.linger(500)).toBe(5_000);
  outbox.pending = 0;
  expect(uptake.linger(500)).toBe(500);
  expect(uptake.linger(0)).toBe(1);
});

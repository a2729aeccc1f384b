import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

const tenPerSecond = { maxTokens: 10, tokensPerFill: 10, fillIntervalMs: 1_000 };

test('a bucket begins full, and fills continuously up to its size', () => {
  const bucket = new TokenBucket(tenPerSecond, 0);
  for (let i = 0; i < 10; i++) expect(bucket.take(0)).toBe(true);
  expect(bucket.take(0)).toBe(false);
  expect(bucket.wait(0)).toBe(100);
  expect(bucket.take(99)).toBe(false);
  expect(bucket.take(100)).toBe(true);
  expect(bucket.left(100_000)).toBe(10);
});

test('what is given back is no more than its size', () => {
  const bucket = new TokenBucket(tenPerSecond, 0);
  expect(bucket.takeUpTo(0, 4)).toBe(4);
  bucket.giveBack(100);
  expect(bucket.left(0)).toBe(10);
});

test('a clock that stands still or goes back gives nothing', () => {
  const bucket = new TokenBucket({ ...tenPerSecond, maxTokens: 1 }, 1_000);
  expect(bucket.take(1_000)).toBe(true);
  expect(bucket.take(0)).toBe(false);
  expect(bucket.take(1_099)).toBe(false);
});

test('over any span no more is taken than the size and what filled in, and no whole token is lost', () => {
  fc.assert(
    fc.property(
      fc.record({
        maxTokens: fc.integer({ min: 1, max: 50 }),
        tokensPerFill: fc.integer({ min: 1, max: 50 }),
        fillIntervalMs: fc.integer({ min: 50, max: 5_000 }),
      }),
      fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 200 }),
      (settings, steps) => {
        const bucket = new TokenBucket(settings, 0);
        let now = 0;
        let taken = 0;
        for (const step of [0, ...steps]) {
          now += step;
          // A greedy client: it takes all that there is, so nothing that fills in overflows but within one step.
          while (bucket.take(now)) taken++;
          const most = settings.maxTokens + (now * settings.tokensPerFill) / settings.fillIntervalMs;
          expect(taken).toBeLessThanOrEqual(most + 1e-6);
          const overflow = (step * settings.tokensPerFill) / settings.fillIntervalMs > settings.maxTokens - 1;
          if (overflow) return;
          expect(taken).toBeGreaterThan(most - 1 - 1e-6);
        }
      },
    ),
  );
});

import { expect, test } from 'vitest';
import { describeLimit } from './describe.ts';

const bucket = (maxTokens: number, tokensPerFill: number, fillIntervalMs: number) => ({
  maxTokens,
  tokensPerFill,
  fillIntervalMs,
});
const limit = (more: Partial<Parameters<typeof describeLimit>[0]>) =>
  describeLimit({ descriptors: [], enforced: 1_000_000, perConnection: false, ...more } as Parameters<
    typeof describeLimit
  >[0]);

test.each([
  [{ bucket: bucket(10, 10, 60_000) }, 'lets through 10 in 60 s'],
  [
    { bucket: bucket(10, 1, 250), perConnection: true },
    'lets through 10 at once and 1 in 250 ms on each connection',
  ],
  [
    {
      descriptors: [
        {
          entries: [
            { key: 'path', value: '/a' },
            { key: 'user', value: '' },
          ],
          bucket: bucket(1, 1, 1000),
        },
      ],
    },
    'lets through 1 in 1 s for path /a and each user',
  ],
  [{ bucket: bucket(1, 1, 1000), enforced: 0 }, 'lets through 1 in 1 s, which are counted only'],
])('%j', (of, words) => expect(limit(of)).toBe(words));

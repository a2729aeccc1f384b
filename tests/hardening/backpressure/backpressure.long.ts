/** As backpressure.test.ts, with bodies that would not fit. */
import { describe, expect, test } from 'vitest';
import { lanes } from './lanes.ts';
import { moved } from './measure.ts';

const MB = 1024 * 1024;
const size = 2048 * MB;

describe.each(Object.entries(lanes))('%s', (name, lane) => {
  test.each(['download', 'upload'] as const)(
    '%s of 2 GB, slowly: memory stays flat',
    { timeout: 180_000 },
    async (way) => {
      const { received, growthBytes, seconds } = await moved(lane, way, size);
      process.stdout.write(
        `${name} ${way}: RSS grew by ${(growthBytes / MB).toFixed(1)} MB in ${seconds.toFixed(0)} s\n`,
      );
      expect(received).toBe(size);
      expect(growthBytes / MB).toBeLessThan(20);
    },
  );
});

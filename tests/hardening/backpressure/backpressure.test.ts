import { describe, expect, test } from 'vitest';
import { lanes } from './lanes.ts';
import { moved } from './measure.ts';

const MB = 1024 * 1024;
const size = 96 * MB;

describe.each(Object.entries(lanes))('%s', (_name, lane) => {
  test.each(['download', 'upload'] as const)(
    `%s of ${size / MB} MB, slowly: memory stays flat`,
    async (way) => {
      const { received, growthBytes } = await moved(lane, way, size);
      expect(received).toBe(size);
      expect(growthBytes / MB).toBeLessThan(20);
    },
  );
});

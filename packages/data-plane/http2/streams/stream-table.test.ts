import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StreamTable } from './stream-table.ts';

test('holds what a Map would hold', () => {
  const id = fc
    .oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 2 ** 30 }))
    .map((half) => half * 2 + 1);
  fc.assert(
    fc.property(fc.array(fc.tuple(id, fc.boolean()), { maxLength: 200 }), (steps) => {
      const table = new StreamTable<{ readonly id: number }>();
      const map = new Map<number, { readonly id: number }>();
      for (const [next, remove] of steps) {
        if (remove) {
          table.delete(next);
          map.delete(next);
        } else if (!map.has(next)) {
          const stream = { id: next };
          table.add(stream);
          map.set(next, stream);
        }
        expect(table.size).toBe(map.size);
        for (const [key] of steps) expect(table.get(key)).toBe(map.get(key));
      }
      expect(new Set(table.all())).toEqual(new Set(map.values()));
    }),
    { numRuns: 200 },
  );
});

import { expect, test } from 'vitest';
import { startLayers } from './order.ts';

test('callees before callers', () => {
  const layers = startLayers([
    { key: 'productpage', needs: ['details', 'reviews'] },
    { key: 'reviews', needs: ['ratings'] },
    { key: 'details', needs: [] },
    { key: 'ratings', needs: [] },
  ]);
  expect(layers).toEqual([['details', 'ratings'], ['reviews'], ['productpage']]);
});

test('a circle is cut and unknown names are ignored', () => {
  const layers = startLayers([
    { key: 'a', needs: ['b', 'nobody'] },
    { key: 'b', needs: ['a'] },
  ]);
  expect(layers).toEqual([['b'], ['a']]);
});

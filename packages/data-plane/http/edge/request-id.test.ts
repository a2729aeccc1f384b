import { expect, test } from 'vitest';
import { newRequestId } from './request-id.ts';

test('request ids are version 4 UUIDs, none twice, every digit free to vary', () => {
  const ids = Array.from({ length: 5_000 }, newRequestId);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(ids.length);
  for (const place of [0, 7, 9, 12, 15, 17, 20, 22, 24, 35])
    expect(new Set(ids.map((id) => id[place])).size).toBe(16);
});

import { createHash, createPublicKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { nobodysKeys } from './provider.ts';

test('the key that nobody has is a point of P-256 with a hash for x', () => {
  const { keys } = JSON.parse(nobodysKeys) as { keys: [{ x: string }] };
  const x = createHash('sha256').update('a key that nobody has, 1').digest('base64url');
  expect(keys.map((key) => key.x)).toEqual([x]);
  expect(createPublicKey({ key: keys[0], format: 'jwk' }).asymmetricKeyType).toBe('ec');
});

import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isHostName, isIpAddress, isIpOrCidr } from './host.ts';

test('addresses are what node:net says they are', () => {
  const near = fc.stringMatching(/^[0-9a-f:.]{1,24}$/);
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), near), (text) => {
      expect({ text, address: isIpAddress(text) }).toEqual({ text, address: isIP(text) !== 0 });
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ['10.0.0.0/8', true],
  ['fd00::/8', true],
  ['10.0.0.1', true],
  ['10.0.0.0/33', false],
  ['10.0.0.0/', false],
  ['example.com/8', false],
])('%s as address or prefix: %s', (text, expected) => expect(isIpOrCidr(text)).toBe(expected));

test.each([
  ['reviews', false, true],
  ['reviews.shop.svc.cluster.local', false, true],
  ['*.example.com', true, true],
  ['*-a.example.com', true, true],
  ['*', true, true],
  ['*.example.com', false, false],
  ['a.*.com', true, false],
  ['-a.com', false, false],
  ['a..com', false, false],
  ['a b', false, false],
  ['http://a', false, false],
  ['', true, false],
  [`${'a'.repeat(64)}.com`, false, false],
])('%s (wildcards: %s): %s', (host, wildcard, expected) => expect(isHostName(host, wildcard)).toBe(expected));

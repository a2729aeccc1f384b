import { expect, test } from 'vitest';
import { addressBytes, addressIn } from './address-bytes.ts';

test.each([
  ['240.240.1.2', 'f0f00102'],
  ['2001:db8::1', '20010db8000000000000000000000001'],
  ['::', '00000000000000000000000000000000'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['fe80::1%eth0', 'fe800000000000000000000000000001'],
  ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
  ['1::', '00010000000000000000000000000000'],
])('%s is %s on the wire', (address, hex) => {
  const bytes = addressBytes(address);
  expect(bytes.toString('hex')).toBe(hex);
  expect(addressBytes(addressIn(bytes))).toEqual(bytes);
});

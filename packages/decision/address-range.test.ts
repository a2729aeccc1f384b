import { expect, test } from 'vitest';
import { compileRanges } from './address-range.ts';

const rank = (address: string, ...ranges: [address: string, prefixLength: number][]): number =>
  compileRanges(ranges.map(([prefix, prefixLength]) => ({ address: prefix, prefixLength })))(address);

test('the longest prefix that an address has', () => {
  expect(rank('10.1.2.3', ['10.0.0.0', 8], ['10.1.0.0', 16], ['10.2.0.0', 24])).toBe(16);
  expect(rank('10.1.2.3', ['10.1.2.3', 32])).toBe(32);
  expect(rank('10.1.2.3', ['10.1.2.2', 31])).toBe(31);
  expect(rank('10.1.2.3', ['10.1.2.2', 32])).toBe(-1);
  expect(rank('192.168.0.1', ['0.0.0.0', 0])).toBe(0);
  expect(rank('192.168.0.1')).toBe(-1);
});

test('IPv6, in every spelling; families apart', () => {
  expect(rank('2001:db8::1', ['2001:db8::', 32])).toBe(32);
  expect(rank('2001:db8:0:0:0:0:0:1', ['2001:db8::1', 128])).toBe(128);
  expect(rank('2001:db9::1', ['2001:db8::', 32])).toBe(-1);
  expect(rank('2001:db9::1', ['2001:db8::', 31])).toBe(31);
  expect(rank('::1', ['::', 0], ['0.0.0.0', 0])).toBe(0);
  expect(rank('::1', ['0.0.0.0', 0])).toBe(-1);
  expect(rank('::ffff:10.0.0.1', ['::ffff:a00:0', 104])).toBe(104);
});

test('what is no address is in no range', () => {
  for (const address of ['', '/run/app.sock', '@abstract', 'name'])
    expect(rank(address, ['0.0.0.0', 0], ['::', 0])).toBe(-1);
});

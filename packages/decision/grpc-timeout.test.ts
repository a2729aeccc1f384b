import { expect, test } from 'vitest';
import { formatGrpcTimeout, parseGrpcTimeout } from './grpc-timeout.ts';

test.each([
  ['1H', 3_600_000],
  ['2M', 120_000],
  ['3S', 3_000],
  ['40m', 40],
  ['500u', 0.5],
  ['99999999n', 99.999999],
  ['', undefined],
  ['1', undefined],
  ['1s', undefined],
  ['-1S', undefined],
  ['123456789m', undefined],
])('%s is %s ms', (text, ms) => expect(parseGrpcTimeout(text)).toBe(ms));

test.each([
  [0.2, '1m'],
  [1500, '1500m'],
  [1e8, '100000S'],
  [1e12, '277778H'],
])('%s ms is %s', (ms, text) => expect(formatGrpcTimeout(ms)).toBe(text));

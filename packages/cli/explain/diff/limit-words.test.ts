import { expect, test } from 'vitest';
import { limitWords, ruleWords } from './limit-words.ts';

const enforced = (numerator: number) => ({ defaultValue: { numerator, denominator: 'MILLION' } });

test('a limit that all proxies count together', () => {
  const genericKey = (descriptorKey: string, descriptorValue: string) => ({
    genericKey: { descriptorKey, descriptorValue },
  });
  const filter = {
    name: 'tulle.rate-limit.shop.users',
    typedConfig: {
      rateLimits: [
        { actions: [genericKey('limit', 'shop/users/all'), genericKey('quota', '100/60\t["=vip"] 1000')] },
      ],
      filterEnforced: enforced(0),
    },
  };
  expect(limitWords(filter)).toEqual({
    fact: 'rate limit shop/users',
    words: 'all: 100 per 60 s of all proxies, others for vip 1000; refuses nothing',
  });
});

test('what a route has counted', () => {
  const actions = [
    { genericKey: { descriptorKey: 'limit', descriptorValue: 'shop/edge/users' } },
    { genericKey: { descriptorKey: 'by0', descriptorValue: '=%REQ(end-user)%' } },
  ];
  expect(ruleWords({ actions })).toEqual({
    fact: 'limit shop/edge/users',
    words: 'counts, for each end-user',
  });
  expect(ruleWords({ actions: [{ genericKey: { descriptorKey: 'mine' } }] })).toBeUndefined();
});

test('a bandwidth limit', () => {
  const filter = { name: 'tulle.bandwidth.shop.files.request', typedConfig: { limitKbps: 500 } };
  expect(limitWords(filter)).toEqual({ fact: 'bandwidth limit shop/files, requests', words: '500 KiB/s' });
});

test('fields of answers', () => {
  const filter = {
    name: 'tulle.rate-limit.shop.users.fields',
    typedConfig: { value: { form: 'structured' } },
  };
  expect(limitWords(filter)).toEqual({
    fact: 'rate limit shop/users, fields of answers',
    words: 'RateLimit',
  });
});

test('another filter is none', () => {
  expect(limitWords({ name: 'envoy.filters.http.fault', typedConfig: {} })).toBeUndefined();
});

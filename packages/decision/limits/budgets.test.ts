import { expect, test } from 'vitest';
import { Headers } from '../headers.ts';
import { compileSubstitution } from '../substitution.ts';
import type { DescriptorRule, LocalRateLimit } from '../tables/rate-limit.ts';
import { Budgets } from './budgets.ts';
import { localRateLimit, perSecond } from './rate-limit.fixture.ts';
import { TokenBucket } from './token-bucket.ts';

const byUser: DescriptorRule = {
  stage: 0,
  actions: [
    { kind: 'text', key: 'limit', render: 'users' },
    { kind: 'text', key: 'by0', render: compileSubstitution('=%REQ(x-user)%') ?? '' },
  ],
};
const byUserDescriptor = {
  entries: [
    { key: 'limit', value: 'users' },
    { key: 'by0', value: '' },
  ],
  bucket: perSecond(2),
};

function counted(headers: Readonly<Record<string, string>>, path = '/') {
  const request = { method: 'GET', path, authority: 'a', scheme: 'http', headers: Headers.of(headers) };
  return { request, clientAddress: '10.0.0.1', context: () => request };
}

function budgets(of: LocalRateLimit) {
  const opened: string[] = [];
  const made = new Budgets(of, (name, settings) => {
    opened.push(name);
    return new TokenBucket(settings, 0);
  });
  return { made, opened };
}

test('each value has a bucket of its own, and requests without the value share one', () => {
  const { made } = budgets(localRateLimit({ descriptors: [byUserDescriptor] }));
  const of = (headers: Readonly<Record<string, string>>) => made.of([byUser], 0, counted(headers))[0]?.budget;
  expect(of({ 'x-user': 'ann' })).toBe(of({ 'x-user': 'ann' }));
  expect(of({ 'x-user': 'ann' })).not.toBe(of({ 'x-user': 'bob' }));
  expect(of({})).toBeDefined();
  expect(of({})).toBe(of({}));
});

test('a value that is named goes before any value', () => {
  const vip = {
    entries: [
      { key: 'limit', value: 'users' },
      { key: 'by0', value: '=vip' },
    ],
    bucket: perSecond(100),
  };
  const { made } = budgets(localRateLimit({ descriptors: [byUserDescriptor, vip] }));
  expect(made.of([byUser], 0, counted({ 'x-user': 'vip' }))[0]?.budget.maxTokens).toBe(100);
  expect(made.of([byUser], 0, counted({ 'x-user': 'ann' }))[0]?.budget.maxTokens).toBe(2);
});

test('values are bounded: the least recently used is forgotten', () => {
  const { made, opened } = budgets(localRateLimit({ descriptors: [byUserDescriptor], maxDynamic: 2 }));
  const use = (user: string): void => void made.of([byUser], 0, counted({ 'x-user': user }));
  for (const user of ['a', 'b', 'a', 'c', 'a', 'b']) use(user);
  expect(opened.map((name) => name.at(-1))).toEqual(['a', 'b', 'c', 'b']);
});

test('all that match are asked, the slowest first; the default is for requests that none matches', () => {
  const slow: DescriptorRule = {
    stage: 0,
    actions: [{ kind: 'text', key: 'limit', render: 'slow' }],
  };
  const descriptors = [
    byUserDescriptor,
    { entries: [{ key: 'limit', value: 'slow' }], bucket: perSecond(1) },
  ];
  const { made } = budgets(localRateLimit({ descriptors, bucket: perSecond(50) }));
  const sizes = (rules: readonly DescriptorRule[], stage = 0) =>
    made.of(rules, stage, counted({})).map(({ budget }) => budget.maxTokens);
  expect(sizes([byUser, slow])).toEqual([1, 2]);
  expect(sizes([])).toEqual([50]);
  expect(sizes([byUser], 1)).toEqual([50]);
  const always = budgets(localRateLimit({ descriptors, bucket: perSecond(50), alwaysBucket: true })).made;
  expect(always.of([byUser], 0, counted({})).map(({ budget }) => budget.maxTokens)).toEqual([2, 50]);
});

test('a rule counts only requests that have all of its entries', () => {
  const matched: DescriptorRule = {
    stage: 0,
    actions: [
      {
        kind: 'header-match',
        key: 'limit',
        value: 'users',
        expect: true,
        headers: [
          {
            name: ':path',
            invert: false,
            treatMissingAsEmpty: false,
            test: { kind: 'value', test: (path) => path.startsWith('/api') },
          },
        ],
      },
      { kind: 'header', key: 'by0', name: 'x-user', skipIfAbsent: false },
    ],
  };
  const { made } = budgets(localRateLimit({ descriptors: [byUserDescriptor] }));
  const found = (headers: Readonly<Record<string, string>>, path: string) =>
    made.of([matched], 0, counted(headers, path)).length;
  expect(found({ 'x-user': 'ann' }, '/api/1')).toBe(1);
  expect(found({ 'x-user': 'ann' }, '/other')).toBe(0);
  expect(found({}, '/api/1')).toBe(0);
});

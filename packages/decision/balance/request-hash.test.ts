import { describe, expect, test } from 'vitest';
import { Headers } from '../headers.ts';
import type { HashPolicy } from '../tables/route-action.ts';
import { seeded } from './balancing.fixture.ts';
import { hash32 } from './hash.ts';
import { requestHash } from './request-hash.ts';

function hashOf(policies: readonly HashPolicy[], headers: Record<string, string> = {}, path = '/p?user=u1') {
  const held = new Headers();
  for (const [name, value] of Object.entries(headers)) held.add(name, value);
  return requestHash(policies, { headers: held, path, remoteAddress: '10.0.0.1' }, seeded());
}
const by = (kind: HashPolicy['kind'], name = '', more: Partial<HashPolicy> = {}): HashPolicy => ({
  kind,
  name,
  terminal: false,
  ...more,
});

describe('what is hashed', () => {
  test.each<[HashPolicy, Record<string, string>, string | undefined]>([
    [by('header', 'x-user'), { 'x-user': 'u1' }, 'u1'],
    [by('header', 'x-user'), {}, undefined],
    [by('header', ':path'), {}, '/p?user=u1'],
    [by('cookie', 'session'), { cookie: 'a=b; session=u1' }, 'u1'],
    [by('cookie', 'session'), { cookie: 'a=b; session="u1"' }, 'u1'],
    [by('cookie', 'session'), { cookie: 'mysession=u2' }, undefined],
    [by('source-ip'), {}, '10.0.0.1'],
    [by('query', 'user'), {}, 'u1'],
    [by('query', 'other'), {}, undefined],
  ])('%j of %j', (policy, headers, text) => {
    expect(hashOf([policy], headers)).toEqual({
      hash: text === undefined ? undefined : hash32(text),
      cookie: undefined,
    });
  });

  test('several are mixed; a terminal one that is there is the last', () => {
    const both = hashOf([by('header', 'x-user'), by('source-ip')], { 'x-user': 'u1' });
    expect(both.hash).toBe(hash32('10.0.0.1', hash32('u1')));
    const first = hashOf([by('header', 'x-user', { terminal: true }), by('source-ip')], { 'x-user': 'u1' });
    expect(first.hash).toBe(hash32('u1'));
    expect(hashOf([by('header', 'x-user', { terminal: true }), by('source-ip')]).hash).toBe(
      hash32('10.0.0.1'),
    );
  });
});

describe('a cookie that is made', () => {
  test('has time, path and attributes as asked for, and is what the request is hashed by', () => {
    const attributes = [
      { name: 'SameSite', value: 'Strict' },
      { name: 'Secure', value: '' },
    ];
    const { cookie, hash } = hashOf([by('cookie', 'session', { ttlMs: 90_000, path: '/shop', attributes })]);
    const [, value] =
      /^session=([0-9a-f]{16}); Max-Age=90; Path=\/shop; SameSite=Strict; Secure; HttpOnly$/.exec(
        cookie ?? '',
      ) as unknown as [string, string];
    expect(hash).toBe(hash32(value));
    expect(hashOf([by('cookie', 'session', { ttlMs: 90_000 })], { cookie: `session=${value}` })).toEqual({
      hash,
      cookie: undefined,
    });
  });

  test('of a session has no time; without a ttl there is none', () => {
    expect(hashOf([by('cookie', 'session', { ttlMs: 0 })]).cookie).toMatch(
      /^session=[0-9a-f]{16}; HttpOnly$/,
    );
    expect(hashOf([by('cookie', 'session')])).toEqual({ hash: undefined, cookie: undefined });
  });
});

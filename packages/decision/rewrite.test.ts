import { describe, expect, it } from 'vitest';
import { parseAuthority, stripPort } from './authority.ts';
import { Headers } from './headers.ts';
import { compileReplace } from './regex.ts';
import { mutateHeaders, redirectLocation, rewritePath } from './rewrite.ts';
import { compileSubstitution, emptySubstitutions, SubstitutionError } from './substitution.ts';

const prefix = (value: string) => ({ kind: 'prefix', value, ignoreCase: false }) as const;
const segments = (value: string) => ({ kind: 'path-separated-prefix', value, ignoreCase: false }) as const;

describe('rewritePath', () => {
  it.each([
    ['/api/v1/x?q=1', prefix('/api/v1'), { kind: 'prefix', value: '/v2' }, '/v2/x?q=1'],
    [
      '/exact?q',
      { kind: 'exact', value: '/exact', ignoreCase: false },
      { kind: 'prefix', value: '/other' },
      '/other?q',
    ],
    ['/a/b', segments('/a'), { kind: 'prefix', value: '/' }, '/b'],
    ['/a', segments('/a'), { kind: 'prefix', value: '/' }, '/'],
    ['/a?x', prefix('/'), { kind: 'full', value: '/z' }, '/z?x'],
    ['/a/b?x=/a', prefix('/'), { kind: 'regex', replace: compileReplace('^/a', '/c') }, '/c/b?x=/a'],
  ] as const)('%s', (path, match, rewrite, expected) =>
    expect(rewritePath(path, match, rewrite)).toBe(expected),
  );
});

describe('redirectLocation', () => {
  const request = {
    method: 'GET',
    path: '/p?q=1',
    authority: 'a.com:80',
    scheme: 'http',
    headers: new Headers(),
  };
  const redirect = { kind: 'redirect', status: 301, stripQuery: false } as const;
  it.each([
    [{ ...redirect, scheme: 'https' }, 'https://a.com/p?q=1'],
    [{ ...redirect, host: 'b.com' }, 'http://b.com/p?q=1'],
    [{ ...redirect, port: 8443, stripQuery: true }, 'http://a.com:8443/p'],
    [{ ...redirect, path: { kind: 'full', value: '/new' } as const }, 'http://a.com:80/new?q=1'],
  ])('%#', (action, expected) => expect(redirectLocation(request, prefix('/'), action)).toBe(expected));
});

describe('headers', () => {
  it('removes, sets, adds, with substitutions', () => {
    const headers = Headers.of({ A: '1', B: '2' });
    const value = '%REQ(B)%-%REQ(nope?:path)%-100%%';
    const render = compileSubstitution(value);
    mutateHeaders(
      headers,
      {
        remove: ['a'],
        set: [{ name: 'b', value, ...(render === undefined ? {} : { render }) }],
        add: [{ name: 'c', value: 'plain' }],
      },
      { headers, path: '/x' },
    );
    expect([...headers]).toEqual([
      ['b', '2-/x-100%'],
      ['c', 'plain'],
    ]);
  });
  it('leaves empty what it has no value for, and tells what that is', () => {
    const text = 'a%DOWNSTREAM_PEER_CERT%b%START_TIME(%Y-%m-%d)%%REQ(x-a):2%';
    expect(compileSubstitution(text)?.({ headers: Headers.of({ 'x-a': '123' }) })).toBe('ab12');
    expect(emptySubstitutions(text)).toEqual(['%DOWNSTREAM_PEER_CERT%', '%START_TIME(%Y-%m-%d)%']);
  });
  it.each(['100%', '%REQ(x', '% of', '%a%'])('refuses %s', (text) =>
    expect(() => compileSubstitution(text)).toThrow(SubstitutionError),
  );
});

describe('authority', () => {
  it.each([
    ['a:80', { host: 'a', port: 80 }],
    ['a', { host: 'a' }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['::1', { host: '::1' }],
    ['a:99999', undefined],
    ['a:', undefined],
    ['', undefined],
  ])('%s', (text, expected) => expect(parseAuthority(text)).toEqual(expected));
  it('strips the port', () =>
    expect(['a:1', 'a', '[::1]:2', '::1'].map(stripPort)).toEqual(['a', 'a', '[::1]', '::1']));
});

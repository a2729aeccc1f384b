import { Headers } from '@tulle/decision/headers';
import { describe, expect, it } from 'vitest';
import { manager } from '../testing/tables.ts';
import type { ConnectionInfo, ConnectionTls } from './connection-info.ts';
import { prepareRequest } from './request-preparation.ts';
import type { RequestHead } from './stream.ts';

const tls: ConnectionTls = {
  peerFingerprint: 'ab',
  peerUri: 'spiffe://td/ns/a/sa/b',
  localUri: 'spiffe://td/ns/a/sa/me',
  peerSubject: 'CN="x"',
};
const connection = (more: Partial<ConnectionInfo> = {}): ConnectionInfo => ({
  id: 1,
  remoteAddress: '10.0.0.9',
  remotePort: 1,
  localAddress: '10.0.0.1',
  localPort: 80,
  listener: 'l',
  direction: 'inbound',
  memo: new Map(),
  ...more,
});
const prepare = (
  headers: Record<string, string>,
  config: Parameters<typeof manager>[1] = {},
  from: Partial<ConnectionInfo> = {},
  path = '/',
) => {
  const head: RequestHead = {
    method: 'GET',
    path,
    authority: 'a',
    scheme: 'http',
    headers: Headers.of(headers),
    protocol: 'HTTP/1.1',
  };
  const reply = prepareRequest(head, manager('r', config), connection(from));
  return { head, reply, get: (name: string) => head.headers.get(name) };
};
const xfcc = 'x-forwarded-client-cert';

describe('prepareRequest', () => {
  it('keeps inside ids and addresses, and adds what is missing', () => {
    const { get } = prepare({
      'x-request-id': 'mine',
      'x-forwarded-for': '1.2.3.4',
      'x-envoy-max-retries': '9',
    });
    expect([
      get('x-request-id'),
      get('x-forwarded-for'),
      get('x-envoy-max-retries'),
      get('x-forwarded-proto'),
    ]).toEqual(['mine', '1.2.3.4', '9', 'http']);
  });

  it('believes nothing at the edge', () => {
    const { get, head } = prepare(
      {
        'x-request-id': 'theirs',
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-proto': 'https',
        'x-envoy-max-retries': '9',
        'x-envoy-retriable-status-codes': '200',
        'x-envoy-hedge-on-per-try-timeout': 'true',
        'x-envoy-force-trace': '1',
      },
      { useRemoteAddress: true },
    );
    expect(
      [...head.headers].map(([name]) => name.toLowerCase()).filter((name) => name.startsWith('x-envoy-')),
    ).toEqual([]);
    expect(get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect([get('x-forwarded-for'), get('x-forwarded-proto'), get('x-envoy-max-retries')]).toEqual([
      '1.2.3.4,10.0.0.9',
      'http',
      undefined,
    ]);
  });

  it.each([
    ['sanitize', { tls }, undefined],
    ['forward-only', { tls }, 'By=old'],
    ['forward-only', {}, undefined],
    [
      'append-forward',
      { tls },
      'By=old,By=spiffe://td/ns/a/sa/me;Hash=ab;Subject="CN=\\"x\\"";URI=spiffe://td/ns/a/sa/b',
    ],
    [
      'sanitize-set',
      { tls },
      'By=spiffe://td/ns/a/sa/me;Hash=ab;Subject="CN=\\"x\\"";URI=spiffe://td/ns/a/sa/b',
    ],
    ['always-forward-only', {}, 'By=old'],
  ] as const)('forwards certificates: %s', (forwardClientCert, from, expected) =>
    expect(prepare({ [xfcc]: 'By=old' }, { forwardClientCert }, from).get(xfcc)).toBe(expected),
  );

  it('normalizes the path, and refuses one that climbs out', () => {
    expect(prepare({}, { normalizePath: true, mergeSlashes: true }, {}, '/a//b/../c').head.path).toBe('/a/c');
    expect(prepare({}, { normalizePath: true }, {}, '/../x').reply).toMatchObject({ status: 400 });
    expect(prepare({}, { normalizePath: false }, {}, '/../x').head.path).toBe('/../x');
  });
});

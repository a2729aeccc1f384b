import { X509Certificate } from 'node:crypto';
import type { EdgeRules } from '@tulle/decision/edge-rules';
import { Headers } from '@tulle/decision/headers';
import { selfSigned } from '@tulle/xds/test-authority.fixture';
import { beforeAll, describe, expect, it } from 'vitest';
import { edgeRules } from '../../testing/tables.ts';
import type { ConnectionInfo, ConnectionTls } from '../connection-info.ts';
import type { RequestHead } from '../stream.ts';
import { StreamInfo } from '../stream-info.ts';
import { Edge } from './edge.ts';

let tls: ConnectionTls;
beforeAll(async () => {
  const { chainPem } = await selfSigned({ uris: ['spiffe://td/ns/a/sa/b'], dnsNames: ['b.a', 'b.a.svc'] });
  tls = {
    peerFingerprint: 'ab',
    peerUri: 'spiffe://td/ns/a/sa/b',
    peerCertificate: new X509Certificate(chainPem).raw,
    localUri: 'spiffe://td/ns/a/sa/me',
  };
});
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
  rules: Partial<EdgeRules> = {},
  from: Partial<ConnectionInfo> = {},
  { path = '/', authority = 'a' } = {},
) => {
  const head: RequestHead = {
    method: 'GET',
    path,
    authority,
    scheme: 'http',
    headers: Headers.of(headers),
    protocol: 'HTTP/1.1',
  };
  const info = new StreamInfo(connection(from), 0, 0);
  const reply = new Edge(edgeRules(rules)).request(head, info);
  return { head, info, reply, get: (name: string) => head.headers.get(name) };
};
const atTheEdge = { ...edgeRules().client, useRemoteAddress: true };

// The rest of the rules: tests/edge-headers, which is held against Envoy too.
describe('who the client is', () => {
  it.each([
    ['the connection’s own address', {}, {}, '10.0.0.9'],
    ['inside: the last that anybody names', {}, { 'x-forwarded-for': '1.2.3.4, 5.6.7.8' }, '5.6.7.8'],
    ['at the edge a claim counts nothing', atTheEdge, { 'x-forwarded-for': '1.2.3.4' }, '10.0.0.9'],
    [
      'behind one proxy, over IPv6',
      { ...atTheEdge, trustedHops: 1 },
      { 'x-forwarded-for': '1.2.3.4, 2001:db8::7' },
      '2001:db8::7',
    ],
    [
      'what is no address is none',
      { ...atTheEdge, trustedHops: 1 },
      { 'x-forwarded-for': '1.2.3.4, unknown' },
      '10.0.0.9',
    ],
  ] as const)('%s', (_, client, headers, expected) => {
    const rules = { client: { ...edgeRules().client, ...client } };
    expect(prepare(headers, rules).info.clientAddress).toBe(expected);
  });

  it('a client of an internal IPv6 range is believed', () => {
    const client = { ...atTheEdge, internalRanges: [{ address: 'fd00::', prefixLength: 8 }] };
    const { get } = prepare({ 'x-envoy-max-retries': '9' }, { client }, { remoteAddress: 'fd12::1' });
    expect([get('x-envoy-internal'), get('x-envoy-max-retries')]).toEqual(['true', '9']);
  });
});

describe('x-forwarded-client-cert', () => {
  const name = 'x-forwarded-client-cert';
  const own = 'By=spiffe://td/ns/a/sa/me;Hash=ab;Subject="CN=self";URI=spiffe://td/ns/a/sa/b';
  it.each([
    ['sanitize', true, undefined],
    ['forward-only', true, 'By=old'],
    ['forward-only', false, undefined],
    ['append-forward', true, `By=old,${own}`],
    ['sanitize-set', true, own],
    ['always-forward-only', false, 'By=old'],
  ] as const)('%s, with a certificate: %s', (mode, shown, expected) => {
    const clientCertificate = { mode, details: ['subject', 'uri'] } as const;
    expect(prepare({ [name]: 'By=old' }, { clientCertificate }, shown ? { tls } : {}).get(name)).toBe(
      expected,
    );
  });

  it('says what it is asked to say, in Envoy’s spelling', () => {
    const clientCertificate = { mode: 'sanitize-set', details: ['cert', 'dns'] } as const;
    const value = prepare({}, { clientCertificate }, { tls }).get(name);
    const [, pem = ''] = /Cert="([^"]*)"/.exec(value ?? '') ?? [];
    expect(new X509Certificate(decodeURIComponent(pem)).raw).toEqual(tls.peerCertificate);
    expect(pem).toMatch(/^[A-Za-z0-9%._-]+$/);
    expect(value?.replace(pem, '…')).toBe('By=spiffe://td/ns/a/sa/me;Hash=ab;Cert="…";DNS=b.a;DNS=b.a.svc');
  });

  it('nothing that a certificate says ends its value', async () => {
    const { chainPem } = await selfSigned({
      uris: [],
      dnsNames: ['a;URI=spiffe://td/x', 'a","b\\'],
      commonName: 'a\\"\\;b',
    });
    const peerCertificate = new X509Certificate(chainPem).raw;
    const clientCertificate = { mode: 'sanitize-set', details: ['subject', 'dns'] } as const;
    const { get } = prepare({}, { clientCertificate }, { tls: { ...tls, peerCertificate } });
    expect(get(name)).toBe(
      'By=spiffe://td/ns/a/sa/me;Hash=ab;Subject="CN=a\\"\\;b";DNS="a;URI=spiffe://td/x";DNS="a\\",\\"b\\\\"',
    );
  });
});

describe('the host', () => {
  it.each([
    ['a:80', { stripPort: 'matching', stripTrailingDot: false }, 'a'],
    ['a:81', { stripPort: 'matching', stripTrailingDot: false }, 'a:81'],
    ['[::1]:81', { stripPort: 'any', stripTrailingDot: false }, '[::1]'],
    ['[::1]', { stripPort: 'any', stripTrailingDot: false }, '[::1]'],
    ['a.', { stripPort: 'never', stripTrailingDot: true }, 'a'],
    ['a.:81', { stripPort: 'any', stripTrailingDot: true }, 'a'],
  ] as const)('%s %j → %s', (authority, host, expected) =>
    expect(prepare({}, { host }, {}, { authority }).head.authority).toBe(expected),
  );
});

it('a redirect to an unescaped path never leads to another host', () => {
  const path = { normalize: true, mergeSlashes: false, escapedSlashes: 'redirect' } as const;
  const at = (target: string) => prepare({}, { path }, {}, { path: target }).reply?.headers?.location;
  expect([at('/a%2fb'), at('/%2Fevil.test/x')]).toEqual(['/a/b', '/.//evil.test/x']);
});

it('a path that climbs out of the root is refused', () => {
  expect(prepare({}, {}, {}, { path: '/../x' }).reply).toMatchObject({ status: 400 });
});

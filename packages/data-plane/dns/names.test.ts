import type { DnsAnswer } from '@tulle/decision/tables/dns';
import { expect, test } from 'vitest';
import { findName } from './names.ts';
import { parseResolvConf } from './resolv-conf.ts';

const answer = (...addresses: string[]): DnsAnswer => ({ addresses, ttlSeconds: 30 });
const names = new Map([
  ['reviews', answer('240.240.0.1')],
  ['reviews.default', answer('240.240.0.1')],
  ['*.example.com', answer('240.240.0.2')],
  ['*.a.example.com', answer('240.240.0.3')],
  ['www.example.com', answer('240.240.0.4')],
]);

test.each([
  ['reviews', '240.240.0.1'],
  ['reviews.default', '240.240.0.1'],
  ['reviews.corp.test', '240.240.0.1'],
  ['reviews.default.corp.test', '240.240.0.1'],
  ['x.example.com', '240.240.0.2'],
  ['x.y.example.com', '240.240.0.2'],
  ['x.a.example.com', '240.240.0.3'],
  ['www.example.com', '240.240.0.4'],
  ['example.com', undefined],
  ['reviews.other', undefined],
  ['reviewscorp.test', undefined],
  ['ratings.corp.test', undefined],
  ['', undefined],
])('%s is %s', (name, address) => {
  expect(findName(names, name, ['corp.test'])?.addresses[0]).toBe(address);
});

test('resolv.conf is read as glibc reads it', () => {
  const text = [
    '# written by somebody',
    'domain old.test',
    'search Corp.test. lab.test',
    'nameserver 127.0.0.53',
    'nameserver not-an-address',
    '  nameserver 2001:db8::53 ; comment',
    'nameserver 10.0.0.1',
    'nameserver 10.0.0.2',
    'options ndots:5',
  ].join('\n');
  expect(parseResolvConf(text)).toEqual({
    servers: ['127.0.0.53', '2001:db8::53', '10.0.0.1'],
    searchDomains: ['corp.test', 'lab.test'],
  });
  expect(parseResolvConf('')).toEqual({ servers: [], searchDomains: [] });
});

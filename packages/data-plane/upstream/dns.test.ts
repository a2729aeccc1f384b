import type { Endpoint } from '@tulle/decision/tables/endpoint';
import { describe, expect, it } from 'vitest';
import { endpoint } from '../testing/tables.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { type Address, DnsCache, type Resolve } from './dns.ts';
import { reachesItself } from './own-address.ts';
import { StrictDns } from './strict-dns.ts';

/** A resolver that answers when told to. */
function scripted() {
  const asked: { host: string; answer: (error: Error | undefined, addresses: readonly Address[]) => void }[] =
    [];
  const resolve: Resolve = (host, callback) => asked.push({ host, answer: callback });
  return { asked, resolve };
}
const v4 = (...addresses: string[]): Address[] => addresses.map((address) => ({ address, family: 4 }));

describe('the DNS cache', () => {
  it('asks once for many, and again only after a while', () => {
    const { asked, resolve } = scripted();
    let now = 0;
    const cache = new DnsCache({ resolve, now: () => now, ttlMs: 1000 });
    const got: string[] = [];
    const ask = (): void =>
      cache.resolve('a', (_error, addresses) => got.push(addresses.map(({ address }) => address).join()));
    ask();
    ask();
    expect(asked.length).toBe(1);
    asked[0]?.answer(undefined, v4('10.0.0.1'));
    ask();
    expect(got).toEqual(['10.0.0.1', '10.0.0.1', '10.0.0.1']);
    now = 1001;
    ask();
    expect(asked.length).toBe(2);
    asked[1]?.answer(new Error('SERVFAIL'), []);
    expect(got.at(-1)).toBe('10.0.0.1');
  });

  it('says so when there is no address, and asks again next time', () => {
    const { asked, resolve } = scripted();
    const cache = new DnsCache({ resolve, now: () => 0 });
    const errors: unknown[] = [];
    cache.resolve('a', (error) => errors.push(error?.message));
    asked[0]?.answer(new Error('ENOTFOUND'), []);
    cache.resolve('a', () => {});
    expect(errors).toEqual(['ENOTFOUND']);
    expect(asked.length).toBe(2);
  });

  it('lets no connection to a name that had addresses wait for a resolver that is dead', () => {
    const { asked, resolve } = scripted();
    const clock = new VirtualClock();
    const timers = new TimerWheel({ clock });
    const cache = new DnsCache({ resolve, now: () => clock.now(), ttlMs: 60_000, timers });
    const got: unknown[] = [];
    const connect = (): void =>
      cache.lookup(() => undefined)('a', { all: false }, (error, address) =>
        got.push(error?.message ?? address),
      );
    connect();
    clock.advance(5_000);
    // It never had any: there is nothing else to do.
    expect(got).toEqual([]);
    asked[0]?.answer(undefined, v4('10.0.0.1'));
    expect(got).toEqual(['10.0.0.1']);
    clock.advance(61_000);
    connect();
    expect(got).toHaveLength(1);
    clock.advance(1_100);
    expect(got).toEqual(['10.0.0.1', '10.0.0.1']);
    // Late is better than never: the next has the newer one, without a question.
    asked[1]?.answer(undefined, v4('10.0.0.2'));
    connect();
    expect(got).toEqual(['10.0.0.1', '10.0.0.1', '10.0.0.2']);
    expect([asked.length, timers.armed]).toEqual([2, 0]);
  });

  it('forgets names that were not asked for lately', () => {
    const resolve: Resolve = (_host, callback) => callback(undefined, v4('10.0.0.1'));
    let questions = 0;
    const cache = new DnsCache({
      resolve: (host, callback) => {
        questions++;
        resolve(host, callback);
      },
      now: () => 0,
      maxEntries: 2,
    });
    for (const host of ['a', 'b', 'a', 'c', 'a']) cache.resolve(host, () => {});
    expect(questions).toBe(3);
    cache.resolve('b', () => {});
    expect(questions).toBe(4);
  });
});

describe('strict DNS', () => {
  it('makes an endpoint of each address, and follows changes', () => {
    const { asked, resolve } = scripted();
    const clock = new VirtualClock();
    const wheel = new TimerWheel({ clock });
    const seen: string[][] = [];
    const cache = new DnsCache({ resolve, now: () => clock.now(), ttlMs: 1000 });
    const dns = new StrictDns(cache, wheel, (endpoints: readonly Endpoint[]) =>
      seen.push(endpoints.map(({ address, port }) => `${address}:${port}`)),
    );
    dns.watch([{ ...endpoint(80), address: 'db.example' }]);
    asked[0]?.answer(undefined, v4('10.0.0.1', '10.0.0.2'));
    clock.advance(6_000);
    asked[1]?.answer(undefined, v4('10.0.0.2', '10.0.0.1'));
    clock.advance(5_000);
    asked[2]?.answer(undefined, v4('10.0.0.3'));
    dns.stop();
    expect(seen).toEqual([['10.0.0.1:80', '10.0.0.2:80'], ['10.0.0.3:80']]);
    expect(wheel.armed).toBe(0);
  });
});

it('strict DNS asks as often as dns_refresh_rate says, whatever is kept for others', () => {
  const { asked, resolve } = scripted();
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  const cache = new DnsCache({ resolve, now: () => clock.now(), ttlMs: 60_000 });
  const dns = new StrictDns(cache, wheel, () => {});
  dns.watch([{ ...endpoint(80), address: 'db.example' }], 1_000);
  for (let second = 1; second <= 5; second++) {
    asked[second - 1]?.answer(undefined, v4('10.0.0.1'));
    clock.advance(1_050);
  }
  dns.stop();
  expect(asked.length).toBe(6);
  cache.resolve('db.example', () => {});
  expect(asked.length).toBe(6);
});

describe('reachesItself', () => {
  const own = (address: string) => () => [{ address, port: 15001 }];
  it.each([
    ['127.0.0.1', 15001, '127.0.0.1', true],
    ['127.0.0.1', 15002, '127.0.0.1', false],
    ['127.0.0.2', 15001, '127.0.0.1', false],
    ['127.0.0.2', 15001, '0.0.0.0', true],
    ['0.0.0.0', 15001, '127.0.0.1', true],
    ['::ffff:127.0.0.1', 15001, '127.0.0.1', true],
    ['::1', 15001, '::', true],
    ['10.99.99.99', 15001, '0.0.0.0', false],
    ['name.example', 15001, '0.0.0.0', false],
  ])('%s:%i against a listener at %s', (address, port, bound, expected) =>
    expect(reachesItself(address, port, own(bound))).toBe(expected),
  );
});

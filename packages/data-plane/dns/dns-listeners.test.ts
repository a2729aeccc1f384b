import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import type { DnsTable } from '@tulle/decision/tables/dns';
import type { Listener } from '@tulle/decision/tables/listener';
import { afterEach, expect, test } from 'vitest';
import type { Engine } from '../engine.ts';
import { startEngine } from '../testing/engine.ts';
import { freePort } from '../testing/free-port.ts';
import { tables } from '../testing/tables.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const addressed = (address: string): DnsTable => ({
  names: new Map([['a.test', { addresses: [address], ttlSeconds: 30 }]]),
  forwardTimeoutMs: 1_000,
  maxForwarded: 0,
});

const listener = (port: number, dns: DnsTable): Listener => ({
  name: 'dns',
  address: '127.0.0.1',
  port,
  direction: 'outbound',
  inspectTimeoutMs: 0,
  continueOnInspectTimeout: false,
  inspectTls: false,
  inspectHttp: false,
  filterChains: [],
  dns,
});

async function resolve(port: number): Promise<string[]> {
  const resolver = new Resolver({ timeout: 30_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  return resolver.resolve4('a.test');
}

const withDns = (...listeners: Listener[]) => tables({ listeners });

test('an engine answers from the table of now, and no longer when its listener is gone', async () => {
  const port = await freePort();
  const engine: Engine = await startEngine(withDns(listener(port, addressed('10.0.0.1'))));
  closers.push(() => engine.destroy());
  expect(await resolve(port)).toEqual(['10.0.0.1']);
  expect(await engine.apply(withDns(listener(port, addressed('10.0.0.2'))))).toEqual([]);
  expect(await resolve(port)).toEqual(['10.0.0.2']);
  expect([...engine.dns.active].map(({ responder }) => responder.counters.answered)).toEqual([2]);
  await engine.apply(withDns());
  await expect(resolve(port)).rejects.toMatchObject({ code: expect.stringMatching(/ECONNREFUSED|ETIMEOUT/) });
  expect([...engine.dns.active]).toEqual([]);
});

test('two proxies share an address: the workers of one, and the one that succeeds another', async () => {
  const port = await freePort();
  const first = await startEngine(withDns(listener(port, addressed('10.0.0.1'))));
  const second = await startEngine(withDns(listener(port, addressed('10.0.0.1'))));
  closers.push(
    () => first.destroy(),
    () => second.destroy(),
  );
  first.destroy();
  expect(await resolve(port)).toEqual(['10.0.0.1']);
});

test('a port that is another program’s is said, and tried again', async () => {
  const port = await freePort();
  const other = createSocket('udp4').bind(port, '127.0.0.1');
  await once(other, 'listening');
  closers.push(() => other.close());
  const engine = await startEngine(withDns());
  closers.push(() => engine.destroy());
  const wanted = withDns(listener(port, addressed('10.0.0.1')));
  const [failure] = await engine.apply(wanted);
  expect(failure?.reason).toMatch(/^cannot bind '127\.0\.0\.1:\d+': address already in use$/i);
  other.close();
  await once(other, 'close');
  closers.splice(0, 1);
  expect(await engine.apply(wanted)).toEqual([]);
  expect(await resolve(port)).toEqual(['10.0.0.1']);
});

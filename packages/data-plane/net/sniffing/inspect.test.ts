import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { compileRanges } from '@tulle/decision/address-range';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import { chooseFilterChain } from '../filter-chain.ts';
import { BoundListener } from '../listener.ts';
import { readClientHello } from './client-hello.ts';
import { type InspectOutcome, inspect } from './inspect.ts';
import { type Inspection, sniff, uninspected } from './sniff.ts';

/** What a real client sends first. */
async function realHello(servername: string, protocols: string[]): Promise<Buffer> {
  let hello: Buffer = Buffer.alloc(0);
  const listener = await BoundListener.bind({
    address: '127.0.0.1',
    port: 0,
    onConnection: (socket) => {
      socket.on('error', () => {});
      socket.once('data', (chunk: Buffer) => {
        hello = chunk;
        socket.destroy();
      });
    },
  });
  const client = connectTls({ port: listener.port, host: '127.0.0.1', servername, ALPNProtocols: protocols });
  client.on('error', () => {});
  await new Promise((resolve) => client.once('close', resolve));
  await listener.close();
  return hello;
}

test('a real ClientHello is read, whole, cut anywhere, and spread over records', async () => {
  const hello = await realHello('Reviews.test', ['istio-http/1.1', 'istio']);
  const expected = { serverName: 'reviews.test', protocols: ['istio-http/1.1', 'istio'] };
  expect(readClientHello(hello)).toEqual(expected);
  for (let at = 0; at < hello.length; at++) expect(readClientHello(hello.subarray(0, at))).toBe('more');
  const body = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < body.length; at += 100) {
    const part = body.subarray(at, at + 100);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  const spread = Buffer.concat(records);
  expect(readClientHello(spread)).toEqual(expected);
  for (let at = 0; at < spread.length; at++) expect(readClientHello(spread.subarray(0, at))).toBe('more');
});

test('a broken ClientHello is never read past its end', async () => {
  const hello = await realHello('reviews.test', ['h2']);
  for (let at = 5; at < hello.length; at++) {
    for (const value of [0, 1, 0xff]) {
      const broken = Buffer.from(hello);
      broken[at] = value;
      const result = readClientHello(broken);
      expect(typeof result === 'string' ? ['more', 'invalid'] : [result]).toContainEqual(result);
    }
  }
  expect(readClientHello(Buffer.from([22, 3, 1, 0, 0]))).toBe('invalid');
  expect(readClientHello(Buffer.from([22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]))).toBe('invalid');
});

test('a ClientHello is at most 16 KiB long and comes in at most 64 records', () => {
  const hello = (length: number, perRecord: number): Buffer => {
    const body = Buffer.alloc(4 + length);
    body[0] = 1;
    body.writeUIntBE(length, 1, 3);
    const records: Buffer[] = [];
    for (let at = 0; at < body.length; at += perRecord) {
      const part = body.subarray(at, at + perRecord);
      records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
    }
    return Buffer.concat(records);
  };
  expect(readClientHello(hello(16_381, 16_384).subarray(0, -10))).toBe('invalid');
  expect(readClientHello(hello(16_380, 8_000).subarray(0, -10))).toBe('more');
  expect(readClientHello(hello(640, 10).subarray(0, 64 * 15 - 1))).toBe('more');
  // Each piece that arrives is looked at with all before it: the cost of this one was 9 s before it had a limit.
  expect(readClientHello(hello(16_000, 1))).toBe('invalid');
});

const first: [bytes: string, expected: Inspection['protocols'] | 'more'][] = [
  ['GET / HTTP/1.1\r\n', ['http/1.1']],
  ['\r\nPOST /a?b HTTP/1.0\r\nHost', ['http/1.1']],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', ['h2c']],
  ['PRI * HTTP/2.0\r\n\r\nXX', []],
  ['PRI * HTT', 'more'],
  ['GET / HTTP/1', 'more'],
  ['GET /', 'more'],
  ['G', 'more'],
  ['\r\n', 'more'],
  ['GET / HTTP/3.0\r\n', []],
  ['GET /\r\n', []],
  ['EHLO mail\r\n', []],
  ['SSH-2.0-OpenSSH\r\n', []],
  ['\0\0\0\x08', []],
  ['{"a":1}', []],
  ['*1\r\n$4\r\nPING\r\n', []],
  [`GET /${'a'.repeat(9_000)}`, ['http/1.1']],
  ['\r\n'.repeat(31), 'more'],
  ['\r\n'.repeat(32), []],
];

test.each(first)('%j is sniffed', (bytes, expected) => {
  const result = sniff(Buffer.from(bytes, 'latin1'), { tls: true, http: true });
  expect(result === 'more' ? 'more' : result.protocols).toEqual(expected);
});

test('inspection puts the bytes back, and ends by time or when the client leaves', async () => {
  const clock = new VirtualClock();
  const timers = new TimerWheel({ clock });
  const outcomes: InspectOutcome[] = [];
  let read = '';
  const listener = await BoundListener.bind({
    address: '127.0.0.1',
    port: 0,
    onConnection: (socket) => {
      inspect(socket, { tls: true, http: true, timeoutMs: 1_000, timers }, (outcome) => {
        outcomes.push(outcome);
        socket.on('error', () => {});
        socket.on('data', (chunk: Buffer) => {
          read += chunk.toString();
          socket.end('ok');
        });
        if (outcome === 'timeout') socket.end('late');
      });
    },
  });
  const talker = connect(listener.port, '127.0.0.1');
  talker.write('GET /');
  setImmediate(() => talker.write(' HTTP/1.1\r\n\r\n'));
  expect(String((await once(talker, 'data'))[0])).toBe('ok');
  expect(read).toContain('GET / HTTP/1.1');
  talker.destroy();

  const silent = connect(listener.port, '127.0.0.1');
  await once(silent, 'connect');
  while (timers.armed === 0) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1_100);
  expect(String((await once(silent, 'data'))[0])).toBe('late');
  silent.destroy();

  const leaver = connect(listener.port, '127.0.0.1');
  await once(leaver, 'connect');
  leaver.end();
  while (outcomes.length < 3) await new Promise((resolve) => setImmediate(resolve));
  expect(outcomes).toEqual([
    { transport: 'raw_buffer', serverName: '', protocols: ['http/1.1'] },
    'timeout',
    'gone',
  ]);
  expect(timers.armed).toBe(0);
  await listener.close();
});

test('a client that ends in the middle of what may be HTTP has said all that it wants to say', async () => {
  const timers = new TimerWheel({ clock: new VirtualClock() });
  const outcomes: InspectOutcome[] = [];
  const listener = await BoundListener.bind({
    address: '127.0.0.1',
    port: 0,
    onConnection: (socket) => {
      inspect(socket, { tls: true, http: true, timeoutMs: 1_000, timers }, (outcome) => {
        outcomes.push(outcome);
        socket.pipe(socket);
      });
    },
  });
  const client = connect(listener.port, '127.0.0.1');
  client.write('pi');
  setImmediate(() => client.end('ng'));
  let echo = '';
  for await (const chunk of client) echo += String(chunk);
  expect([echo, outcomes]).toEqual(['ping', [uninspected]]);
  await listener.close();
});

test('a begun ClientHello is waited for beyond the time, and then given up: it is never plain text', async () => {
  const clock = new VirtualClock();
  const timers = new TimerWheel({ clock });
  const outcomes: InspectOutcome[] = [];
  const accepted: Socket[] = [];
  const listener = await BoundListener.bind({
    address: '127.0.0.1',
    port: 0,
    onConnection: (socket) => {
      accepted.push(socket);
      const options = { tls: true, http: true, timeoutMs: 100, timers };
      inspect(socket, options, (outcome) => outcomes.push(outcome));
    },
  });
  const begun = connect(listener.port, '127.0.0.1');
  begun.write(Buffer.from([22, 3, 1]));
  const gone = once(begun.resume(), 'close');
  await expect.poll(() => accepted[0]?.bytesRead).toBe(3);
  clock.advance(4_900);
  await new Promise((resolve) => setImmediate(resolve));
  expect(outcomes).toEqual([]);
  clock.advance(5_100);
  await gone;
  expect([outcomes, timers.armed]).toEqual([['stalled'], 0]);

  const leaver = connect(listener.port, '127.0.0.1');
  leaver.end(Buffer.from([22, 3, 1]));
  await once(leaver.resume(), 'close');
  expect(outcomes[1]).toBe('gone');
  await listener.close();
});

function listenerOf(matches: Record<string, Partial<FilterChain['match']>>, fallback?: string): Listener {
  const chain = (name: string, match: Partial<FilterChain['match']>): FilterChain => ({
    name,
    match: { serverNames: [], transportProtocol: '', applicationProtocols: [], ...match },
    filter: {
      kind: 'tcp',
      proxy: { statPrefix: '', clusters: [], idleTimeoutMs: 0, maxConnectAttempts: 1, accessLogs: [] },
    },
  });
  return {
    name: 'l',
    address: '127.0.0.1',
    port: 0,
    direction: 'inbound',
    inspectTimeoutMs: 0,
    continueOnInspectTimeout: false,
    inspectTls: true,
    inspectHttp: true,
    filterChains: Object.entries(matches).map(([name, match]) => chain(name, match)),
    ...(fallback === undefined ? {} : { defaultFilterChain: chain(fallback, {}) }),
  };
}

test('the most specific filter chain serves, as in Envoy', () => {
  const gateway = listenerOf({
    any: {},
    suffix: { serverNames: ['*.test'] },
    longer: { serverNames: ['*.a.test'] },
    exact: { serverNames: ['b.a.test'] },
  });
  const name = (
    listener: Listener,
    inspection: Partial<Inspection>,
    localPort = 80,
    [localAddress, remoteAddress] = ['10.0.0.1', '10.9.9.9'],
  ): string | undefined =>
    chooseFilterChain(listener, { ...uninspected, ...inspection }, { localAddress, localPort, remoteAddress })
      ?.name;
  expect(name(gateway, { transport: 'tls', serverName: 'b.a.test' })).toBe('exact');
  expect(name(gateway, { transport: 'tls', serverName: 'c.a.test' })).toBe('longer');
  expect(name(gateway, { transport: 'tls', serverName: 'x.test' })).toBe('suffix');
  expect(name(gateway, { transport: 'tls', serverName: 'test' })).toBe('any');

  const strict = listenerOf({ mtls: { transportProtocol: 'tls' } });
  expect(name(strict, { transport: 'tls' })).toBe('mtls');
  expect(name(strict, {})).toBeUndefined();

  const permissive = listenerOf(
    {
      mtls: { transportProtocol: 'tls', applicationProtocols: ['istio', 'istio-http/1.1'] },
      http: { applicationProtocols: ['http/1.1'], transportProtocol: 'raw_buffer' },
      raw: { transportProtocol: 'raw_buffer' },
    },
    'fallback',
  );
  expect(name(permissive, { transport: 'tls', protocols: ['istio'] })).toBe('mtls');
  expect(name(permissive, { transport: 'tls', protocols: ['h2'] })).toBe('fallback');
  expect(name(permissive, { protocols: ['http/1.1'] })).toBe('http');
  expect(name(permissive, {})).toBe('raw');

  const captured = listenerOf({
    any: { transportProtocol: 'tls' },
    http: { destinationPort: 80 },
    other: { destinationPort: 81, transportProtocol: 'tls' },
  });
  expect(name(captured, { transport: 'tls' })).toBe('http');
  expect(name(captured, { transport: 'tls' }, 82)).toBe('any');
  expect(name(captured, {}, 81)).toBeUndefined();

  const ranges = (...prefixes: [address: string, prefixLength: number][]) =>
    compileRanges(prefixes.map(([address, prefixLength]) => ({ address, prefixLength })));
  const byAddress = listenerOf(
    {
      wide: { destinations: ranges(['10.0.0.0', 8]) },
      narrow: { destinations: ranges(['10.1.0.0', 16], ['192.168.0.0', 16]) },
      own: { destinations: ranges(['10.1.0.0', 16]), sources: ranges(['10.9.0.0', 16]) },
    },
    'fallback',
  );
  const at = (local: string, remote = '127.0.0.1') => name(byAddress, {}, 80, [local, remote]);
  expect([at('10.2.0.1'), at('10.1.0.1'), at('172.16.0.1')]).toEqual(['wide', 'narrow', 'fallback']);
  expect(at('10.1.0.1', '10.9.1.1')).toBe('own');
  // There is no way back from the more specific destination.
  expect(at('10.2.0.1', '10.9.1.1')).toBe('wide');
});

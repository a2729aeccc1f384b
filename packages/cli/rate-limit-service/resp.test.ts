import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { quotaOf } from './quota.ts';
import { RedisCounters } from './redis-counters.ts';
import { RespClient, respTarget } from './resp-client.ts';
import { type Reply, RespError, RespParser } from './resp-parser.ts';

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

const stream = '+OK\r\n:42\r\n-ERR no\r\n$5\r\nhe\r\nl\r\n$-1\r\n*2\r\n:1\r\n$0\r\n\r\n*-1\r\n';
const replies: Reply[] = ['OK', 42, new RespError('ERR no'), 'he\r\nl', null, [1, ''], null];

test('replies are the same however their bytes are cut', () => {
  for (let at = 0; at <= stream.length; at++) {
    const parser = new RespParser();
    const found: Reply[] = [];
    for (const part of [stream.slice(0, at), stream.slice(at)])
      parser.push(Buffer.from(part), (reply) => found.push(reply));
    expect(found).toEqual(replies);
  }
});

test.each(['HTTP/1.1 400\r\n', '$x\r\n', '$1e9\r\n', ':\r\n', ':1.5\r\n', '*NaN\r\n', '*1\r\n$ 1\r\na\r\n'])(
  'what is no RESP2 is refused: %j',
  (text) => {
    expect(() => new RespParser().push(Buffer.from(text), () => {})).toThrow('RESP2');
  },
);

test.each(['$1048577\r\n', `+${'x'.repeat(1_100_000)}`, '*1\r\n'.repeat(300_000)])(
  'a reply without end is refused: %.12j',
  (text) => {
    expect(() => new RespParser().push(Buffer.from(text), () => {})).toThrow();
  },
);

test.each([
  ['redis://h', { host: 'h', port: 6379, tls: false, database: 0 }],
  [
    'rediss://u:p%40@[::1]:7000/3',
    { host: '::1', port: 7000, tls: true, username: 'u', password: 'p@', database: 3 },
  ],
])('%s', (url, target) => {
  expect(respTarget(url)).toEqual(target);
});

test.each(['http://h', 'redis://h/x', 'nonsense'])('%s is refused', (url) => {
  expect(() => respTarget(url)).toThrow();
});

/** A server that answers each command by `answer`. */
async function fake(answer: (command: string[], socket: Socket) => string) {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    const parser = new RespParser();
    socket.on('data', (chunk: Buffer) =>
      parser.push(chunk, (command) => void socket.write(answer(command as string[], socket))),
    );
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const target = { host: '127.0.0.1', port, tls: false, password: 'secret', database: 2 };
  const client = new RespClient(target, 60_000);
  cleanup.push(() => client.close());
  return client;
}

test('commands are pipelined after the greeting; keys carry their window and expire', async () => {
  const commands: string[][] = [];
  const client = await fake((command) => {
    commands.push(command);
    return command[0] === 'INCRBY' ? ':7\r\n' : '+OK\r\n';
  });
  const counters = new RedisCounters(client);
  const quota = quotaOf('d', [
    { key: 'limit', value: 'n/p/l' },
    { key: 'quota', value: '10/60' },
  ]);
  if (quota === undefined) throw new Error('no quota');
  expect(await counters.add([quota], 3, 125_000)).toEqual([7]);
  const key = `tulle:rate-limit:${quota.key}\u0000120`;
  expect(commands).toEqual([
    ['AUTH', 'secret'],
    ['SELECT', '2'],
    ['INCRBY', key, '3'],
    ['EXPIRE', key, '65'],
  ]);
});

test('a window that is over its limit is not asked for again', async () => {
  let asked = 0;
  const client = await fake(([name]) => {
    if (name === 'INCRBY') asked++;
    return name === 'INCRBY' ? ':11\r\n' : ':1\r\n';
  });
  const counters = new RedisCounters(client);
  const quota = quotaOf('d', [
    { key: 'limit', value: 'n/p/l' },
    { key: 'quota', value: '10/60' },
  ]);
  if (quota === undefined) throw new Error('no quota');
  for (const now of [0, 1_000, 59_999]) expect(await counters.add([quota], 1, now)).toEqual([11]);
  expect(asked).toBe(1);
  await counters.add([quota], 1, 60_000);
  expect(asked).toBe(2);
});

test('a wrong command, a connection that breaks: all that waits learns it, and the next try connects again', async () => {
  let connections = 0;
  const client = await fake(([name], socket) => {
    if (name === 'AUTH') connections++;
    if (name === 'DIE') socket.destroy();
    return name === 'NO' ? '-ERR unknown command\r\n' : '+OK\r\n';
  });
  await expect(client.pipeline([['NO']])).rejects.toThrow('ERR unknown command');
  await expect(client.pipeline([['DIE']])).rejects.toThrow();
  expect(await client.pipeline([['PING']])).toEqual(['OK']);
  expect(connections).toBe(2);
});

test('an answer to nothing would be taken for that of the next command: the connection is given up', async () => {
  let connections = 0;
  const client = await fake(([name], socket) => {
    if (name === 'AUTH') connections++;
    if (name !== 'PING' || connections > 1) return '+OK\r\n';
    setImmediate(() => socket.write(':1\r\n'));
    return '+PONG\r\n';
  });
  expect(await client.pipeline([['PING']])).toEqual(['PONG']);
  // Asked once it has come: on the same connection its reply would be 1.
  let last: unknown = 'PONG';
  for (let tries = 0; last === 'PONG' || last instanceof Error; tries++) {
    expect(tries).toBeLessThan(100);
    last = await client.pipeline([['GET', 'a']]).then(
      ([reply]) => (connections > 1 ? reply : 'PONG'),
      (error: unknown) => error,
    );
  }
  expect(last).toBe('OK');
});

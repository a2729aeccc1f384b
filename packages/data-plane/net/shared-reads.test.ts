import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { TimerWheel } from '../timers/wheel.ts';
import { readAlone, readShared } from './shared-reads.ts';
import { inspect } from './sniffing/inspect.ts';

const opened: { destroy(): void }[] = [];

afterEach(() => {
  for (const one of opened.splice(0)) one.destroy();
});

/** Both ends of a connection. */
async function pair(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  opened.push(near, far, { destroy: () => server.close() });
  return { near, far };
}

/** Collects what comes until it is `length` long. */
function collector(length: number): {
  readonly take: (chunk: Buffer) => void;
  readonly all: Promise<string>;
} {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  return {
    all: promise,
    take: (chunk) => {
      text += chunk.toString('latin1');
      if (text.length >= length) resolve(text);
    },
  };
}

describe('shared reads', () => {
  test('bring every byte in order, however long', async () => {
    const { near, far } = await pair();
    const sent = Array.from({ length: 40_000 }, (_, at) => `${at},`).join('');
    const { take, all } = collector(sent.length);
    readShared(near, take);
    far.end(sent);
    expect(await all).toBe(sent);
  });

  test('are followed at once by a look at what comes next', async () => {
    const { near, far } = await pair();
    const { take, all } = collector(5);
    readShared(near, take);
    far.write('first');
    await all;
    near.pause();
    readAlone(near, take);
    const outcome = new Promise((resolve) => {
      inspect(near, { tls: true, http: true, timeoutMs: 0, timers: new TimerWheel() }, resolve);
    });
    far.write('GET / HTTP/1.1\r\n');
    expect(await outcome).toMatchObject({ protocols: ['http/1.1'] });
  });

  test('use the same memory for each socket', async () => {
    const [one, two] = [await pair(), await pair()];
    const buffers: ArrayBufferLike[] = [];
    for (const { near, far } of [one, two]) {
      const seen = new Promise<void>((resolve) => {
        readShared(near, (chunk) => {
          buffers.push(chunk.buffer);
          resolve();
        });
      });
      far.write('hello');
      await seen;
    }
    expect(buffers[0]).toBe(buffers[1]);
  });

  test('begin with what was put back', async () => {
    const { near, far } = await pair();
    near.unshift(Buffer.from('first '));
    const { take, all } = collector('first second'.length);
    readShared(near, take);
    far.write('second');
    expect(await all).toBe('first second');
  });

  test('stop and go on with pause and resume', async () => {
    const { near, far } = await pair();
    let paused = false;
    const late: string[] = [];
    const { take, all } = collector('onetwo'.length);
    const first = new Promise<void>((resolve) => {
      readShared(near, (chunk) => {
        if (paused) late.push(chunk.toString());
        take(chunk);
        resolve();
      });
    });
    far.write('one');
    await first;
    near.pause();
    paused = true;
    await new Promise<void>((resolve) => far.write('two', () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
    expect(late).toEqual([]);
    paused = false;
    near.resume();
    expect(await all).toBe('onetwo');
  });

  test('see the end', async () => {
    const { near, far } = await pair();
    readShared(near, () => {});
    far.end('x');
    await once(near, 'end');
  });

  test('leave copies to whoever reads next', async () => {
    const { near, far } = await pair();
    const { promise: got, resolve } = Promise.withResolvers<void>();
    const first = (): void => resolve();
    readShared(near, first);
    far.write('mine');
    await got;
    near.pause();
    readAlone(near, first);
    const chunks: Buffer[] = [];
    const { take, all } = collector('yourstoo'.length);
    near.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      take(chunk);
      if (chunks.length === 1) far.write('too');
    });
    near.resume();
    far.write('yours');
    expect(await all).toBe('yourstoo');
    // The first is still what it was after the second was read.
    expect(chunks[0]?.toString()).toBe('yours');
  });

  test('are plain ones where a stream has no handle', () => {
    const stream = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
    const seen: string[] = [];
    readShared(stream as unknown as Socket, (chunk) => seen.push(chunk.toString()));
    stream.emit('data', Buffer.from('plain'));
    expect(seen).toEqual(['plain']);
  });
});

import { existsSync, linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addressesOf, type ConnectionAddresses } from './addresses.ts';
import { BoundListener } from './listener.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of closing.splice(0).reverse()) await step();
});

/** Binds, and says of each connection between whom it is. */
async function bind(address: string, more: { socketMode?: number; ipv6Only?: boolean } = {}) {
  const seen: ConnectionAddresses[] = [];
  const listener = await BoundListener.bind({
    address,
    port: 0,
    ...more,
    onConnection: (socket) => {
      socket.on('error', () => {});
      seen.push(addressesOf(socket, { address, port: 0 }));
      socket.end('hello');
    },
  });
  closing.push(() => listener.close());
  return { listener, seen };
}

/** What the listener says, or why not. */
function call(where: { host: string; port: number } | { path: string }): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket: Socket = connect(where);
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.on('end', () => {
      socket.end();
      resolve(text);
    });
  });
}

describe('IPv6', () => {
  test('its own address', async () => {
    const { listener, seen } = await bind('::1');
    expect(await call({ host: '::1', port: listener.port })).toBe('hello');
    expect(await call({ host: '127.0.0.1', port: listener.port })).toBe('ECONNREFUSED');
    expect(seen).toMatchObject([{ remoteAddress: '::1', localAddress: '::1', localPort: listener.port }]);
  });

  test('both families on one socket: IPv4 clients are IPv4 clients', async () => {
    const { listener, seen } = await bind('::');
    expect(await call({ host: '::1', port: listener.port })).toBe('hello');
    expect(await call({ host: '127.0.0.1', port: listener.port })).toBe('hello');
    expect(seen.map(({ remoteAddress }) => remoteAddress)).toEqual(['::1', '127.0.0.1']);
    expect(seen.map(({ localAddress }) => localAddress)).toEqual(['::1', '127.0.0.1']);
  });

  test('IPv6 only', async () => {
    const { listener } = await bind('::', { ipv6Only: true });
    expect(await call({ host: '::1', port: listener.port })).toBe('hello');
    expect(await call({ host: '127.0.0.1', port: listener.port })).toBe('ECONNREFUSED');
  });
});

describe('Unix sockets', () => {
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tulle-listener-'));
    path = join(folder, 'socket');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is there with its permissions, and gone on close', async () => {
    const { listener, seen } = await bind(path, { socketMode: 0o600 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await call({ path })).toBe('hello');
    expect(seen).toEqual([{ remoteAddress: '', remotePort: 0, localAddress: path, localPort: 0 }]);
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });

  test('the file that a dead process left is replaced', async () => {
    const left = createServer().listen(path);
    const copy = join(folder, 'copy');
    // Its file under another name outlives it, as a killed process's does.
    linkSync(path, copy);
    await new Promise((resolve) => left.close(resolve));
    expect(await call({ path: copy })).toBe('ECONNREFUSED');
    await bind(copy);
    expect(await call({ path: copy })).toBe('hello');
  });

  test('one that somebody listens on is not', async () => {
    await bind(path);
    await expect(bind(path)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(await call({ path })).toBe('hello');
  });

  test('nor is a file that is no socket', async () => {
    writeFileSync(path, 'precious');
    await expect(bind(path)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(statSync(path).size).toBe(8);
  });

  test.runIf(process.platform === 'linux')('an abstract one has no file', async () => {
    const name = `@tulle-${process.pid}-${Math.random()}`;
    await bind(name);
    expect(await call({ path: `\0${name.slice(1)}` })).toBe('hello');
    expect(existsSync(name)).toBe(false);
  });
});

test('a client that resets its connection while another worker is asked for room is nobody’s error', async () => {
  const asked: ((taken: boolean) => void)[] = [];
  const listener = await BoundListener.bind({
    address: '127.0.0.1',
    port: 0,
    maxConnections: 1,
    share: () => ({
      limitChanged: () => {},
      ask: (onAnswer) => {
        asked.push(onAnswer);
        return () => {};
      },
      want: () => {},
      released: () => {},
      close: () => {},
    }),
    onConnection: () => expect.unreachable('it has left'),
  });
  closing.push(() => listener.close());
  const client = connect(listener.port, '127.0.0.1');
  await expect.poll(() => asked.length).toBe(1);
  client.resetAndDestroy();
  // What comes after the reset is seen after it.
  const other = connect(listener.port, '127.0.0.1').on('error', () => {});
  await expect.poll(() => asked.length).toBe(2);
  asked[0]?.(true);
  expect([listener.accepted, listener.active]).toEqual([1, 0]);
  asked[1]?.(false);
  other.destroy();
});

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../failure.ts';
import { chooseMeshPorts, localUrl } from './mesh-ports.ts';
import { findPortHolder } from './port-holder.ts';
import { FIRST_PORT, isFree, LAST_PORT, PortAllocator } from './ports.ts';

test('a port that is open on all addresses is shown where this machine reaches it', () => {
  expect(localUrl('http', '0.0.0.0', 80)).toBe('http://127.0.0.1:80');
  expect(localUrl('https', '::', 443)).toBe('https://[::1]:443');
  expect(localUrl('http', 'fd00::7', 80)).toBe('http://[fd00::7]:80');
  expect(localUrl('http', '192.0.2.7', 80)).toBe('http://192.0.2.7:80');
});

describe('an allocator', () => {
  const machine = { isFree: async () => true, claim: async () => ({ release: () => {} }) };

  test('gives each port once, skips what is taken, and starts over at the end', async () => {
    const isFree = async (port: number) => port !== LAST_PORT;
    const allocator = new PortAllocator(LAST_PORT - FIRST_PORT - 1, { ...machine, isFree });
    expect([await allocator.take(), await allocator.take(), await allocator.take()]).toEqual([
      LAST_PORT - 1,
      FIRST_PORT,
      FIRST_PORT + 1,
    ]);
    allocator.release([FIRST_PORT]);
    const none = new PortAllocator(0, { ...machine, isFree: async () => false });
    await expect(none.take()).rejects.toThrow('no free port');
  });

  test('never gives what another could give, wherever they start; what is closed is free again', async () => {
    const [one, other, later] = Array.from({ length: 3 }, () => new PortAllocator(process.pid * 64)) as [
      PortAllocator,
      PortAllocator,
      PortAllocator,
    ];
    const taken = await Promise.all([one, other, one, other].map((allocator) => allocator.take()));
    expect(new Set(taken).size).toBe(4);
    await Promise.all([one.close(), other.close()]);
    expect(await later.take()).toBe(taken[0]);
    await later.close();
  });
});

test('a port in use is seen as taken, and its holder is known', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await isFree(port)).toBe(false);
  expect(findPortHolder(port)?.pid).toBe(process.pid);
  server.close();
  await once(server, 'close');
  expect(await isFree(port)).toBe(true);
  expect(findPortHolder(port)).toBeUndefined();
});

describe('the ports of a mesh', () => {
  const taken = (...ports: number[]) => ({
    isFree: async (port: number) => !ports.includes(port),
    holderOf: () => ({ pid: 77, command: 'node other.js' }),
    anyFree: async () => 20_123,
  });

  test('are the defaults, or as given', async () => {
    expect((await chooseMeshPorts({}, undefined, taken())).ports).toEqual({
      address: '127.0.0.1',
      http: 8080,
      https: 8443,
      api: 8090,
    });
    expect((await chooseMeshPorts({ http: 80, https: 443, api: 0 }, 9000, taken())).ports).toMatchObject({
      http: 9000,
      https: 443,
      api: 0,
    });
  });

  test('a taken HTTP port is named with its holder and the way out', async () => {
    const failure = await chooseMeshPorts({}, undefined, taken(8080)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect((failure as Failure).message).toBe(
      'HTTP port 8080 is taken by process 77 (node other.js).\nChoose another with --port N, or with spec.ports.http of the Mesh resource.',
    );
  });

  test('the other defaults give way, with a note', async () => {
    const { ports, notes } = await chooseMeshPorts({}, undefined, taken(8443, 8090));
    expect(ports).toMatchObject({ https: 20_123, api: 0 });
    expect(notes).toHaveLength(2);
    expect(notes[0]).toContain('8443');
    await expect(chooseMeshPorts({ https: 8443 }, undefined, taken(8443))).rejects.toThrow(
      'HTTPS port 8443 is taken',
    );
  });
});

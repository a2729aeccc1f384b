import { connect, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { SocketHandle } from '../net/socket-source.ts';
import type { SocketError } from './protocol.ts';
import { ListeningSockets } from './sockets.ts';

const sockets = new ListeningSockets();
const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
  sockets.close();
});

const request = (key: string, port = 0, exclusive = false) => ({
  key,
  address: '127.0.0.1',
  port,
  exclusive,
  ipv6Only: false,
  socketMode: 0,
});

function bind(
  worker: '0.0' | '0.1',
  asked: ReturnType<typeof request>,
): SocketHandle | SocketError | undefined {
  let outcome: SocketHandle | SocketError | undefined;
  sockets.bind(worker, asked, (bound) => {
    outcome = bound;
  });
  return outcome;
}

async function listenOn(handle: unknown): Promise<number> {
  const server = createServer((socket) => socket.end('hello'));
  servers.push(server);
  await new Promise<void>((done) => server.listen(handle as object, done));
  return (server.address() as { port: number }).port;
}

const visit = (port: number): Promise<string> =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', (data) => done(String(data))).once('error', (error) => done(String(error)));
  });

describe('listening sockets', () => {
  it('are one for all who ask by the same name', () => {
    const first = bind('0.0', request('a'));
    expect(bind('0.1', request('a'))).toBe(first);
    expect(bind('0.1', request('b'))).not.toBe(first);
  });

  it('say what the system says of an address that is taken or not ours', async () => {
    const port = await listenOn(bind('0.0', request('a')));
    expect(bind('0.0', request('b', port))).toEqual({
      code: 'EADDRINUSE',
      message: `bind EADDRINUSE 127.0.0.1:${port}`,
    });
    expect(bind('0.0', { ...request('c', port), address: '192.0.2.1' })).toMatchObject({
      code: 'EADDRNOTAVAIL',
    });
  });

  it('stay when their worker is gone, and close when the last lets go', async () => {
    const handle = bind('0.0', request('a')) as SocketHandle & { getsockname(out: object): number };
    const name: { port?: number } = {};
    handle.getsockname(name);
    sockets.ended('0.0');
    expect(bind('0.1', request('a'))).toBe(handle);
    await listenOn(handle);
    expect(await visit(name.port as number)).toBe('hello');
    sockets.release('0.1', 'a');
    expect(bind('0.1', request('a'))).not.toBe(handle);
  });

  it('of one that went and left nobody close when asked', () => {
    const handle = bind('0.0', request('a'));
    sockets.closeUnheld();
    expect(bind('0.0', request('a'))).toBe(handle);
    sockets.ended('0.0');
    sockets.closeUnheld();
    expect(bind('0.0', request('a'))).not.toBe(handle);
  });

  it('that are exclusive go from one to the next', () => {
    const given: string[] = [];
    const ask = (worker: '0.0' | '0.1' | '1.0'): void =>
      sockets.bind(worker, request('admin', 0, true), () => given.push(worker));
    ask('0.0');
    ask('0.1');
    ask('1.0');
    expect(given).toEqual(['0.0']);
    sockets.ended('0.1');
    sockets.release('0.0', 'admin');
    expect(given).toEqual(['0.0', '1.0']);
  });
});

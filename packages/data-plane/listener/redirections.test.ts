import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Listener } from '@tulle/decision/tables/listener';
import { afterEach, expect, test } from 'vitest';
import { addressesOf } from '../net/addresses.ts';
import type { Destination } from '../net/capture/socket-address.ts';
import type { ActiveListener } from './active-listener.ts';
import { Redirections } from './redirections.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const listener = (name: string, originalDestination: Listener['originalDestination']): ActiveListener =>
  ({ config: { name, address: '127.0.0.1', port: 15_001, originalDestination } }) as ActiveListener;

async function accepted(): Promise<Socket> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  closers.push(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return socket;
}

const exact = listener('exact', undefined);
const anywhere = listener('anywhere', undefined);
const known = new Map([
  ['240.240.0.1 9080', exact],
  ['0.0.0.0 80', anywhere],
]);

async function receive(
  originalDestination: 'restore' | 'hand-off',
  destination: Destination | undefined,
): Promise<{ readonly to: string | undefined; readonly local: string }> {
  const redirections = new Redirections(
    (address, port) => known.get(`${address} ${port}`),
    () => Promise.resolve(() => destination),
  );
  await redirections.load();
  const socket = await accepted();
  const virtual = listener('virtual', originalDestination);
  const to = redirections.receive(socket, virtual)?.config.name;
  const { localAddress, localPort } = addressesOf(socket, virtual.config);
  return { to, local: `${localAddress} ${localPort}` };
}

test('a redirected connection goes to the listener of its destination, else stays', async () => {
  const to = (address: string, port: number) => receive('hand-off', { address, port });
  expect(await to('240.240.0.1', 9080)).toEqual({ to: 'exact', local: '240.240.0.1 9080' });
  expect(await to('192.0.2.1', 80)).toEqual({ to: 'anywhere', local: '192.0.2.1 80' });
  expect(await to('192.0.2.1', 81)).toEqual({ to: 'virtual', local: '192.0.2.1 81' });
  expect(await to('2001:db8::1', 80)).toEqual({ to: 'virtual', local: '2001:db8::1 80' });
});

test('one that is only restored stays', async () => {
  const restored = await receive('restore', { address: '240.240.0.1', port: 9080 });
  expect(restored).toEqual({ to: 'virtual', local: '240.240.0.1 9080' });
});

test('one that was going to the listener itself goes nowhere', async () => {
  expect((await receive('hand-off', undefined)).to).toBeUndefined();
  const redirections = new Redirections(
    () => undefined,
    () => Promise.resolve((socket) => ({ address: socket.localAddress ?? '', port: socket.localPort ?? 0 })),
  );
  await redirections.load();
  expect(redirections.receive(await accepted(), listener('virtual', 'hand-off'))).toBeUndefined();
});

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { cleanupAfterEach } from '../../testing/cleanup.ts';
import { VirtualClock } from '../../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import { BoundListener } from '../listener.ts';
import { takeProxyHeader } from './read-proxy-header.ts';

const cleanup = cleanupAfterEach();

/** A client, and how it ended that its header was waited for. */
async function waitedFor(optional: boolean): Promise<{
  readonly client: Socket;
  readonly clock: VirtualClock;
  readonly accepted: Socket;
  readonly outcome: Promise<string>;
}> {
  const clock = new VirtualClock();
  const timers = new TimerWheel({ clock });
  const outcome = Promise.withResolvers<string>();
  const accepted = Promise.withResolvers<Socket>();
  const listener = await BoundListener.bind({
    address: '127.0.0.1',
    port: 0,
    onConnection: (socket) => {
      takeProxyHeader(
        socket,
        { versions: ['v1', 'v2'], optional },
        timers,
        () => outcome.resolve('done'),
        (why = 'gone' as never) => outcome.resolve(why),
      );
      accepted.resolve(socket);
    },
  });
  cleanup.push(() => listener.close());
  const client = connect(listener.port, '127.0.0.1');
  client.on('error', () => {});
  cleanup.push(() => client.destroy());
  return { client, clock, accepted: await accepted.promise, outcome: outcome.promise };
}

test.each([
  ['nothing', ''],
  ['a part of its header', 'PROXY TCP4 192.0.2.1 '],
])('a client that says %s is closed after five seconds', async (_, said) => {
  for (const optional of [false, true]) {
    const { client, clock, accepted, outcome } = await waitedFor(optional);
    if (said !== '') {
      client.write(said);
      await once(accepted, 'readable');
    }
    const closed = once(client, 'close');
    clock.advance(4_500);
    await new Promise((resolve) => setImmediate(resolve));
    expect(accepted.destroyed).toBe(false);
    clock.advance(1_000);
    expect(await outcome).toBe('timeout');
    client.resume();
    await closed;
  }
});

test('a client that leaves is gone, and nothing is counted against it', async () => {
  const { client, outcome } = await waitedFor(false);
  client.resetAndDestroy();
  expect(await outcome).toBe('gone');
});

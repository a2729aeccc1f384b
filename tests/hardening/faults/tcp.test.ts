import { once } from 'node:events';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import type { TcpProxy } from '@tulle/decision/tables/tcp-proxy';
import { describe, expect, test } from 'vitest';
import { census } from '../census.ts';
import { type Hardened, tcpProxy } from '../proxy.ts';
import { type RawBackend, type RawConnection, rawBackend } from '../raw-backend.ts';
import { RawClient } from '../raw-client.ts';
import { expectNothingLeft } from './run.ts';

const cleanup = cleanupAfterEach();

interface Scene {
  readonly proxy: Hardened;
  readonly backend: RawBackend;
  readonly client: RawClient;
}

interface Fault {
  readonly refuses?: true;
  readonly connected?: (connection: RawConnection) => void;
  readonly tcp?: Partial<TcpProxy>;
  /** What the client does, once it is connected. */
  readonly acts?: (scene: Scene) => Promise<void>;
  /** How the client's connection ends. */
  readonly client: 'end' | 'reset' | 'left';
  readonly heard?: string;
  readonly flags: string;
  readonly attempts?: number;
}

const relaying = ({ proxy }: Scene): Promise<void> =>
  expect.poll(() => census(proxy.engine).activeRequests).toBe(1);
const end = ({ socket }: RawConnection): unknown => socket.end();
const reset = ({ socket }: RawConnection): unknown => socket.resetAndDestroy();

const faults: Readonly<Record<string, Fault>> = {
  'the backend refuses': { refuses: true, client: 'end', flags: 'UF' },
  'the backend refuses, three times': {
    refuses: true,
    tcp: { maxConnectAttempts: 3 },
    client: 'end',
    flags: 'UF,URX',
    attempts: 3,
  },
  'the backend ends at once': { connected: end, client: 'end', flags: '' },
  'the backend speaks and ends': {
    connected: ({ socket }) => socket.end('bye'),
    client: 'end',
    heard: 'bye',
    flags: '',
  },
  'the backend speaks and resets': {
    connected: (connection) =>
      connection.socket.write('bye', () => connection.socket.once('data', () => reset(connection))),
    acts: async ({ client }) => {
      await client.until((text) => text === 'bye');
      client.send('x');
    },
    client: 'reset',
    heard: 'bye',
    flags: '',
  },
  'nobody says anything': { tcp: { idleTimeoutMs: 60 }, client: 'end', flags: '' },
  'the client half-closes and is answered': {
    connected: ({ socket }) => socket.prependListener('end', () => socket.end('answer')),
    acts: async (scene) => {
      await relaying(scene);
      scene.client.socket.end('question');
    },
    client: 'end',
    heard: 'answer',
    flags: '',
  },
  'the client resets': {
    acts: async (scene) => {
      await relaying(scene);
      scene.client.socket.resetAndDestroy();
    },
    client: 'left',
    flags: '',
  },
  'the client resets while the backend sends': {
    connected: ({ socket }) => socket.write(Buffer.alloc(20_000_000)),
    acts: async (scene) => {
      scene.client.socket.pause();
      await relaying(scene);
      scene.client.socket.resetAndDestroy();
    },
    client: 'left',
    flags: '',
  },
  'the client resets at once': {
    acts: async ({ client }) => {
      client.socket.resetAndDestroy();
    },
    client: 'left',
    flags: '',
  },
};

describe('TCP', () => {
  test.each(Object.entries(faults))('%s', async (_name, fault) => {
    const backend = await rawBackend(() => {}, fault.connected);
    cleanup.push(() => backend.close());
    if (fault.refuses) await backend.close();
    const proxy = await tcpProxy(backend.port, fault.tcp);
    cleanup.push(() => proxy.close());
    const client = await RawClient.open(proxy.port);
    cleanup.push(() => client.close());

    await fault.acts?.({ proxy, backend, client });
    if (fault.client === 'left') {
      if (!client.socket.closed) await once(client.socket, 'close');
    } else {
      await client.ended;
      expect(client.outcome).toBe(fault.client);
      expect(client.text).toBe(fault.heard ?? '');
      client.socket.end();
    }
    await expect
      .poll(() => proxy.ended)
      .toEqual([{ status: 0, flags: fault.flags, attempts: fault.attempts ?? 1 }]);
    await expectNothingLeft(proxy, fault.refuses ? undefined : backend, client, 0);
  });
});

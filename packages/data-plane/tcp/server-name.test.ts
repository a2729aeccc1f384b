import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect as connectTls, createServer } from 'node:tls';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { expect, it } from 'vitest';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { portOf, startEngine } from '../testing/engine.ts';
import { chain, cluster, forward, listener, tables } from '../testing/tables.ts';

const cleanUps = cleanupAfterEach();

it('passes TLS on to the host that it names, and none without a name', async () => {
  const leaf = await (await testAuthority()).issue({ uris: ['spiffe://mesh.test/ns/default/sa/world'] });
  const world = createServer({ key: leaf.keyPem, cert: leaf.chainPem }, (socket) => {
    socket.on('error', () => {});
    socket.end(`you asked for ${(socket as { servername?: string }).servername}`);
  });
  world.listen(0, '127.0.0.1');
  await once(world, 'listening');
  cleanUps.push(() => world.close());
  const { port } = world.address() as AddressInfo;
  const asked: string[] = [];
  const tcp = {
    statPrefix: 'tcp',
    clusters: forward('world').clusters,
    idleTimeoutMs: 0,
    maxConnectAttempts: 1,
    accessLogs: [],
    serverNamePort: port,
  };
  const match = {
    serverNames: ['*.example.org'],
    transportProtocol: 'tls',
    applicationProtocols: [],
  } as const;
  const engine = await startEngine(
    tables({
      clusters: [
        cluster('world', [], {
          discovery: { kind: 'dynamic-forward-proxy' },
          balancer: { kind: 'cluster-provided' },
        }),
      ],
      listeners: [listener('l', [chain({ kind: 'tcp', proxy: tcp }, { match })], { inspectTls: true })],
    }),
    {
      resolve: (name, callback) => {
        asked.push(name);
        callback(undefined, [{ address: '127.0.0.1', family: 4 }]);
      },
    },
  );
  cleanUps.push(() => engine.destroy());
  const say = (servername: string): Promise<string> =>
    new Promise((resolve) => {
      let text = '';
      const socket = connectTls({
        host: '127.0.0.1',
        port: portOf(engine, 'l'),
        servername,
        rejectUnauthorized: false,
      });
      socket.on('data', (chunk) => (text += chunk)).on('error', () => {});
      socket.on('close', () => resolve(text));
    });
  expect(await say('a.example.org')).toBe('you asked for a.example.org');
  expect(asked).toEqual(['a.example.org']);
  expect(await say('a.example.net')).toBe('');
  expect(await say('')).toBe('');
  expect(asked).toEqual(['a.example.org']);
});

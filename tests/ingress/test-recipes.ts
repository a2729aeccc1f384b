import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { http2Ask } from '@tulle/data-plane/testing/http2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchOnce } from '../load.ts';
import type { Client } from './clients.ts';
import { type Engine, type IngressMesh, startIngressMesh } from './ingress-mesh.ts';

type Shown = keyof IngressMesh['clients'];

/** Host, what the client shows, and what it gets: from Istio's "Secure Gateways" and the Gateway reference. */
const rows: readonly (readonly [host: string, shows: Shown | 'nothing', gets: string])[] = [
  ['shop.example.com', 'nothing', 'http shop.example.com nobody'],
  ['partners.example.com', 'alice', 'http partners.example.com CN=alice'],
  ['partners.example.com', 'nothing', 'refused'],
  // Revoked.
  ['partners.example.com', 'bob', 'refused'],
  // Of none of the names.
  ['partners.example.com', 'carol', 'refused'],
  ['partners.example.com', 'stranger', 'refused'],
  ['anybody.example.com', 'nothing', 'http anybody.example.com nobody'],
  ['anybody.example.com', 'carol', 'http anybody.example.com CN=carol'],
  ['anybody.example.com', 'stranger', 'refused'],
  ['sealed.example.com', 'nothing', 'https sealed.example.com nobody'],
  ['unknown.example.com', 'nothing', 'refused'],
];

export function testRecipes(engines: readonly Engine[], client: Client): void {
  let ingress: IngressMesh;
  beforeAll(async () => {
    ingress = await startIngressMesh(engines);
  });
  afterAll(() => ingress?.stop());

  describe.each(engines)('%s', (engine) => {
    const asked = (host: string, shows: Shown | 'nothing' = 'nothing') => ({
      host,
      port: ingress.port(engine, 443),
      ca: ingress.ca,
      shown: shows === 'nothing' ? undefined : ingress.clients[shows],
    });

    test.each(rows)('%s, showing %s: %s', async (host, shows, gets) => {
      expect(await client.get(asked(host, shows))).toBe(gets);
    });

    test('bytes within TLS', async () => {
      expect(await client.echo(asked('bytes.example.com'), 'hello\n')).toBe('hello\n');
    });

    test('bytes of TCP', async () => {
      const socket = connect(ingress.port(engine, 31400), '127.0.0.1', () => socket.write('hello'));
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toBe('hello');
      socket.destroy();
    });

    test('plain HTTP is sent to HTTPS', async () => {
      const port = ingress.port(engine, 80);
      const { status, headers } = await fetchOnce(`http://127.0.0.1:${port}/x`, { host: 'shop.example.com' });
      expect(status).toBe(301);
      expect(headers.location).toBe(`https://shop.example.com:${ingress.port(engine, 443)}/x`);
    });

    test('a host of another server, on a connection that the same certificate covers: 421', async () => {
      const { port, ca } = asked('shop.example.com');
      const socket = connectTls({
        ...{ host: '127.0.0.1', port, servername: 'shop.example.com', ca: readFileSync(ca) },
        ALPNProtocols: ['h2'],
      });
      await once(socket, 'secureConnect');
      const session = connectHttp2('https://shop.example.com', { createConnection: () => socket });
      const status = async (host: string) => (await http2Ask(session, { host })).status;
      // Envoy looks for the host in the table of the server that the connection is of.
      expect(await status('partners.example.com')).toBe(engine === 'tulle' ? 421 : 404);
      expect(await status('shop.example.com')).toBe(200);
      session.destroy();
    });
  });
}

import { once } from 'node:events';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../engine.ts';
import { portOf, startEngine } from '../testing/engine.ts';
import { mtlsInbound } from '../testing/mesh.ts';
import { forward, host, httpChain, listener, manager, route, routeTable, tables } from '../testing/tables.ts';
import { TimerWheel } from '../timers/wheel.ts';

const place = mkdtempSync(join(tmpdir(), 'tulle-files-in-use-'));
let now = 0;
let engine: Engine;
let written = 0;
const authority = await testAuthority();

/** Puts a certificate for `name` where the gateway looks. */
async function put(name: string): Promise<void> {
  const { chainPem, keyPem } = await authority.issue({ dnsNames: [name] });
  for (const [file, text] of [
    ['tls.pem', chainPem],
    ['tls.key', keyPem],
  ] as const) {
    writeFileSync(join(place, file), text);
    // Times of files are coarse.
    utimesSync(join(place, file), ++written, written);
  }
}

beforeAll(async () => {
  const wheel = new TimerWheel({ clock: { now: () => now, every: () => () => {} } });
  const tls = {
    ...mtlsInbound,
    requireClientCertificate: false,
    certificateSecrets: [`file-cert:${place}/tls.pem~${place}/tls.key`],
  };
  const { validation: _none, ...withoutClients } = tls;
  const chain = httpChain(manager(routeTable([host([route(forward('none'))])])), { tls: withoutClients });
  engine = await startEngine(tables({ listeners: [listener('l', [chain])] }), { wheel });
});
afterAll(() => {
  engine.destroy();
  rmSync(place, { recursive: true });
});

/** The name on the certificate that a client is shown; undefined: it is refused. */
async function shown(): Promise<string | undefined> {
  const socket = connect({ port: portOf(engine, 'l'), host: '127.0.0.1', rejectUnauthorized: false });
  socket.on('error', () => {});
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerX509Certificate()?.subjectAltName;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

test('files that come later, and that change, are taken into use within a second', async () => {
  expect(await shown()).toBeUndefined();
  expect(engine.listeners.notReady).toEqual([
    { listener: 'l', reason: expect.stringContaining('file-cert:') },
  ]);
  await put('first.test');
  expect(await shown()).toBeUndefined();
  now += 1_000;
  expect(await shown()).toBe('DNS:first.test');
  await put('second.test');
  now += 999;
  expect(await shown()).toBe('DNS:first.test');
  now += 1;
  expect(await shown()).toBe('DNS:second.test');
});

test('what is half written leaves the certificate of before in use', async () => {
  await put('second.test');
  now += 1_000;
  expect(await shown()).toBe('DNS:second.test');
  writeFileSync(join(place, 'tls.pem'), (await authority.issue({ dnsNames: ['third.test'] })).chainPem);
  now += 1_000;
  expect(await shown()).toBe('DNS:second.test');
});

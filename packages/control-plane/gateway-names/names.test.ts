/** From the name of a network's gateway to what proxies get and the conditions of the Mesh, through a whole control plane. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Condition } from '@tulle/resources/kind';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { expect, it } from 'vitest';
import { startControlPlane } from '../control-plane.ts';
import { startNames } from './start-names.ts';

it('says where gateways with names are, and keeps the last good addresses, also over a restart', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'tulle-names-'));
  let found: readonly string[] | Error = ['192.0.2.7', '192.0.2.8'];
  const nameServers = {
    ask: async () => {
      if (found instanceof Error) throw found;
      return found.map((address) => ({ address, ttl: 60 }));
    },
    lookUp: async () => [],
  };
  const start = () =>
    startControlPlane({
      config: { mesh: 'test', trustDomain: 'mesh.test', stateDir },
      nameServers,
      log: () => {},
    });
  const meshes = '/apis/tulle.dev/v1alpha1/meshes';
  const ask = async (plane: { readonly api: string }, path: string, body?: object): Promise<unknown> => {
    const token = readFileSync(join(stateDir, 'api-token'), 'utf8').trim();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    return (await fetch(plane.api + path, { headers, ...sent })).json();
  };
  const condition = async (plane: { readonly api: string }): Promise<readonly unknown[]> => {
    const { status } = (await ask(plane, `${meshes}/test`)) as { status?: { conditions?: Condition[] } };
    const known = status?.conditions?.find(({ type }) => type === 'GatewaysResolved');
    return [known?.status, known?.reason, known?.message];
  };
  let plane = await start();
  try {
    await ask(plane, meshes, {
      apiVersion: 'tulle.dev/v1alpha1',
      kind: 'Mesh',
      metadata: { name: 'test' },
      spec: {
        meshNetworks: { networks: { two: { gateways: [{ address: 'GW.Example.com.', port: 15443 }] } } },
      },
    });
    await expect
      .poll(() => condition(plane))
      .toEqual(['True', 'Resolved', 'gw.example.com: 192.0.2.7, 192.0.2.8']);
    await plane.close();
    found = new Error('queryA ESERVFAIL gw.example.com');
    plane = await start();
    await expect
      .poll(() => condition(plane))
      .toEqual(['False', 'LookupFailed', 'gw.example.com: it has no address; still 192.0.2.7, 192.0.2.8']);
  } finally {
    await plane.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
});

it('asks again when an answer no longer holds; the same addresses again are nothing new', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'tulle-names-'));
  const clock = new ManualClock();
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const changes: boolean[] = [];
  const answers = [['192.0.2.1'], ['192.0.2.1'], ['192.0.2.2']];
  let asked = 0;
  const book = startNames({
    ...{ stateDir, clock, onChange: (isNew) => changes.push(isNew) },
    nameServers: {
      ask: async (_name, family) => {
        if (family === 6) return [];
        return (answers[asked++] ?? []).map((address) => ({ address, ttl: 60 }));
      },
      lookUp: async () => [],
    },
    onError: (error) => expect(error).toBeUndefined(),
  });
  try {
    book.want(new Map([['gw.example.com', 'gw.example.com']]));
    await settled();
    clock.advance(60_000);
    await settled();
    expect([asked, changes]).toEqual([2, [true]]);
    clock.advance(60_000);
    await settled();
    expect([asked, changes, book.values.get('gw.example.com')]).toEqual([3, [true, true], ['192.0.2.2']]);
  } finally {
    book.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyLimit, startLimitedMesh } from '../limited-mesh.ts';
import { fetchOnce } from '../load.ts';
import { eventually, type Mesh, temporaryFolder } from '../mesh.ts';
import { isRunning } from '../processes.ts';
import { describeWithPeers } from './peer.ts';
import { type Program, startRedis } from './program.ts';

describeWithPeers('the rate limit service that a mesh starts, on a Redis', ['redis-server'], () => {
  const state = temporaryFolder();
  let port: number;
  let redis: Program;
  let mesh: Mesh;
  const settings = (database: number): string =>
    `rateLimitService: { redis: 'redis://127.0.0.1:${port}/${database}' }`;
  beforeAll(async () => {
    port = await freePort();
    redis = await startRedis(port, state.path);
    mesh = await startLimitedMesh(state.path, settings(0));
    await applyLimit(mesh, state.path);
    await isCounting();
  });
  afterAll(async () => {
    await mesh?.stop();
    await redis?.stop();
    state.remove();
  });

  const asks = (user: string) => fetchOnce(mesh.url, { 'x-user': user });
  const statuses = async (user: string, count: number): Promise<number[]> => {
    const found: number[] = [];
    for (let i = 0; i < count; i++) found.push((await asks(user)).status);
    return found;
  };
  let asked = 0;
  const isCounting = (): Promise<true> =>
    eventually('it counts', async () => {
      const { status, headers } = await asks(`nobody-${asked++}`);
      return status === 200 && headers['ratelimit-policy'] !== undefined ? true : undefined;
    });
  const servicePid = async (): Promise<number | undefined> => {
    const { proxies } = JSON.parse(await mesh.ok('status', '-o', 'json')) as {
      readonly proxies: readonly { workload: string; pid?: number; ready: boolean }[];
    };
    const found = proxies.find(({ workload }) => workload === 'rate-limit');
    return found?.ready ? found.pid : undefined;
  };
  const isAnother = (before: number): Promise<number> =>
    eventually('another process serves, and no other', async () => {
      const now = await servicePid();
      return now === before || isRunning(before) ? undefined : now;
    });

  test('a restart of the service forgets nothing', async () => {
    expect(await statuses('ann', 5)).toEqual([200, 200, 200, 429, 429]);
    expect(await statuses('bob', 1)).toEqual([200]);
    const pid = await eventually('it is known to be ready', servicePid);
    process.kill(pid, 'SIGKILL');
    await isAnother(pid);
    await isCounting();
    expect(await statuses('ann', 2)).toEqual([429, 429]);
    expect(await statuses('bob', 3)).toEqual([200, 200, 429]);
  });

  test('without its Redis requests fare as onFailure says, until it is back', async () => {
    await redis.stop();
    expect(await statuses('cid', 2)).toEqual([500, 500]);
    redis = await startRedis(port, state.path);
    await isCounting();
    expect(await statuses('cid', 4)).toEqual([200, 200, 200, 429]);
  });

  test('where the Mesh names another Redis it counts there from then on', async () => {
    const pid = await eventually('it is known to be ready', servicePid);
    const change = join(state.path, 'change.yaml');
    writeFileSync(
      change,
      `apiVersion: tulle.dev/v1alpha1\nkind: Mesh\nmetadata: { name: limited }\nspec: { ${settings(1)} }\n`,
    );
    await mesh.ok('apply', '-f', change);
    await isAnother(pid);
    await isCounting();
    expect(await statuses('cid', 4)).toEqual([200, 200, 200, 429]);
  });
});

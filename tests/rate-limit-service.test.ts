import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyLimit, startLimitedMesh } from './limited-mesh.ts';
import { fetchOnce } from './load.ts';
import { eventually, type Mesh, temporaryFolder } from './mesh.ts';

/** `tulle up` starts the service that counts when the first policy for all proxies appears. */
const state = temporaryFolder();
let mesh: Mesh;

beforeAll(async () => {
  mesh = await startLimitedMesh(state.path);
});

afterAll(async () => {
  await mesh?.stop();
  state.remove();
});

const statuses = async (user: string, count: number): Promise<number[]> => {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await fetchOnce(mesh.url, { 'x-user': user })).status);
  return found;
};

interface Status {
  readonly pids: { readonly controlPlane?: number };
  readonly workloads: readonly { readonly name: string }[];
  readonly proxies: readonly { readonly workload: string; readonly pid?: number; readonly ready: boolean }[];
}
const status = async (): Promise<Status> => JSON.parse(await mesh.ok('status', '-o', 'json')) as Status;
const servicePid = async (): Promise<number | undefined> => {
  const found = (await status()).proxies.find(({ workload }) => workload === 'rate-limit');
  return found?.ready ? found.pid : undefined;
};
/** The policy's condition `Enforced`: its status and reason. */
const enforced = async (): Promise<string | undefined> => {
  interface Read {
    readonly status?: { readonly conditions?: readonly { type: string; status: string; reason: string }[] };
  }
  const { status } = JSON.parse(await mesh.ok('get', 'ratelimitpolicy', 'users', '-o', 'json')) as Read;
  const found = status?.conditions?.find(({ type }) => type === 'Enforced');
  return found && `${found.status} ${found.reason}`;
};
const isEnforced = (wanted: string) =>
  eventually(`Enforced says ${wanted}`, async () => ((await enforced()) === wanted ? true : undefined));

test('nobody counts where nobody asks', async () => {
  expect((await status()).workloads.map(({ name }) => name)).toEqual(['app']);
});

test('a policy of scope MESH that is applied later is counted by a service that comes with it', async () => {
  await applyLimit(mesh, state.path);
  await isEnforced('True ServiceReady');
  // Until the gateway has the service's endpoint it refuses.
  await eventually('the service counts', async () =>
    (await fetchOnce(mesh.url, { 'x-user': 'first' })).headers['ratelimit-policy'] === undefined
      ? undefined
      : true,
  );
  expect(await statuses('ann', 5)).toEqual([200, 200, 200, 429, 429]);
  expect(await statuses('vip', 6)).toEqual([200, 200, 200, 200, 200, 429]);
  const { headers } = await fetchOnce(mesh.url, { 'x-user': 'bob' });
  expect(headers.ratelimit).toMatch(/^"users";r=2;t=\d+$/);
  expect(headers['ratelimit-policy']).toBe('"users";q=3;w=1000000');
});

test('it outlives the control plane, counts and all', async () => {
  const before = await eventually('it is known to be ready', servicePid);
  const { controlPlane } = (await status()).pids;
  process.kill(controlPlane as number, 'SIGKILL');
  expect(await statuses('ann', 2)).toEqual([429, 429]);
  await eventually('another control plane', async () => {
    const { controlPlane: now } = (await status()).pids;
    return now !== undefined && now !== controlPlane ? true : undefined;
  });
  await isEnforced('True ServiceReady');
  expect(await statuses('ann', 2)).toEqual([429, 429]);
  expect(await eventually('it is known to be ready', servicePid)).toBe(before);
});

test('while it does not answer, requests fare as onFailure says; it ends with the last policy', async () => {
  const pid = await eventually('it is known to be ready', servicePid);
  process.kill(pid, 'SIGSTOP');
  expect(await statuses('cid', 1)).toEqual([500]);
  process.kill(pid, 'SIGCONT');
  await eventually('it counts again', async () =>
    (await fetchOnce(mesh.url, { 'x-user': 'dan' })).status === 500 ? undefined : true,
  );
  await mesh.ok('delete', 'ratelimitpolicy', 'users');
  await eventually('it is gone', async () =>
    (await status()).workloads.some(({ name }) => name === 'rate-limit') ? undefined : true,
  );
  expect(await statuses('ann', 1)).toEqual([200]);
});

import { expect, test } from 'vitest';
import { Instance } from './instance.ts';
import type { InstanceContext } from './instance-context.ts';
import { apiThat } from './registration-api.fixture.ts';
import { RegistrationStatus } from './registration-status.ts';
import { stateDirAt } from './state/state-dir.ts';
import { planWorkload } from './workload-plan.ts';

const plan = planWorkload(
  {
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'Workload',
    metadata: { name: 'reviews-v1', namespace: 'default' },
    spec: { command: ['node', 'server.ts'] },
  },
  { directory: '/mesh', capture: 'env' },
);

/** An instance whose sidecar has registered and serves nothing yet, and what the API is told of it. */
async function registeredInstance() {
  const status = { ready: false, draining: false, restarts: 0 };
  const { client, written, listed } = apiThat(async () => {}, status);
  const registrations = new RegistrationStatus(client);
  await listed;
  const context: Pick<InstanceContext, 'registrations' | 'state' | 'capture'> = {
    registrations,
    state: stateDirAt('/nowhere/of/this/test'),
    capture: { remove: async () => {} } as unknown as InstanceContext['capture'],
  };
  const instance = new Instance(plan, 0, context as InstanceContext, Promise.resolve(), () => {});
  return { instance, written, close: () => registrations.close() };
}

test('one that was not ready and goes for good is marked as draining: its sidecar may have no time to say goodbye', async () => {
  const { instance, written, close } = await registeredInstance();
  expect(instance.ready).toBe(false);
  await instance.stop({ quick: false });
  expect(written).toEqual([{ status: { draining: true } }]);
  expect(instance.state).toBe('gone');
  close();
});

test('one that ends with the mesh says nothing', async () => {
  const { instance, written, close } = await registeredInstance();
  await instance.stop({ quick: true });
  expect(written).toEqual([]);
  expect(instance.state).toBe('gone');
  close();
});

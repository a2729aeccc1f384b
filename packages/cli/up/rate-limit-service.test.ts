import { startTestServer, token } from '@tulle/control-plane/api/server.fixture';
import { mesh } from '@tulle/resources/tulle/mesh';
import { afterEach, expect, test } from 'vitest';
import { type ApiClient, createApiClient } from '../api/client.ts';
import { type KeptService, keepRateLimitService } from './rate-limit-service.ts';

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

function keep(client: ApiClient) {
  const errors: string[] = [];
  const kept: KeptService = keepRateLimitService(client, {
    mesh: 'm',
    program: ['tulle'],
    onError: (error) => errors.push((error as Error).message),
  });
  cleanup.push(() => kept.close());
  return { kept, errors };
}

test('what can’t be written holds no mesh up: it starts, says so, and tries again', async () => {
  const { server, close } = await startTestServer();
  cleanup.push(close);
  const client = createApiClient({ url: server.url, token });
  await client.create(mesh, '', {
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: 'm' },
    spec: { rateLimitService: { enabled: true } },
  });
  const tried = Promise.withResolvers<void>();
  let tries = 0;
  const create: ApiClient['create'] = (kind, ...request) => {
    if (kind.kind !== 'Service') return client.create(kind, ...request);
    if (++tries === 2) tried.resolve();
    return tries === 1 ? Promise.reject(new Error('the disk is full')) : client.create(kind, ...request);
  };
  const { kept, errors } = keep({ ...client, create });
  await kept.ready;
  expect(errors).toEqual([expect.stringContaining('the disk is full')]);
  await tried.promise;
});

test('who is closed before the mesh has answered is not waited for', async () => {
  const never = new Promise<never>(() => {});
  const { kept } = keep({ list: () => never } as unknown as ApiClient);
  kept.close();
  await kept.ready;
});

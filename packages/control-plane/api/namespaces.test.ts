import { afterEach, beforeEach, expect, test } from 'vitest';
import { configMap, configMaps, refusal, startTestServer, type TestServer } from './server.fixture.ts';

let api: TestServer;
beforeEach(async () => {
  api = await startTestServer();
});
afterEach(() => api.close());

const path = '/api/v1/namespaces/a';

/** Resolves when the namespace is gone. */
function gone(name: string): Promise<void> {
  return new Promise((resolve) => {
    const namespaces = { group: '', plural: 'namespaces' };
    const watch = api.store.watch(namespaces, { since: api.store.revision() }, (event) => {
      if (event.type !== 'DELETED' || event.resource.metadata.name !== name) return;
      watch.close();
      resolve();
    });
  });
}

test('a namespace is Active, and found by its name as a label', async () => {
  const { body } = await api.call('GET', path);
  expect(body.status).toEqual({ phase: 'Active' });
  expect(body.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'a' });
  expect(
    (await api.call('GET', '/api/v1/namespaces?fieldSelector=status.phase%3DTerminating')).body.items,
  ).toEqual([]);
});

test('deleting one removes its contents, then itself', async () => {
  for (let i = 0; i < 5; i++) await api.call('POST', configMaps, configMap(`c${i}`));
  const removed = gone('a');
  const { code, body } = await api.call('DELETE', path);
  expect(code).toBe(200);
  expect(body).toMatchObject({
    status: { phase: 'Terminating' },
    metadata: { deletionTimestamp: expect.any(String) },
  });
  await removed;
  expect((await api.call('GET', path)).code).toBe(404);
  expect((await api.call('GET', configMaps)).body.items).toEqual([]);
  expect(api.errors).toEqual([]);
});

test('contents with finalizers hold it, nothing new comes in', async () => {
  await api.call('POST', configMaps, configMap('held', {}, { finalizers: ['tulle.dev/x'] }));
  await api.call('DELETE', path);
  const refused = await api.call('POST', configMaps, configMap('late'));
  expect(refusal(refused)).toBe(
    '403 Forbidden: configmaps "late" is forbidden: unable to create new content in namespace a because it is being terminated',
  );
  expect(refused.body.details.causes[0].reason).toBe('NamespaceTerminating');
  const removed = gone('a');
  const type = { 'content-type': 'application/merge-patch+json' };
  await api.call('PATCH', `${configMaps}/held`, { metadata: { finalizers: null } }, type);
  await removed;
});

test('those that the mesh needs stay', async () => {
  expect(refusal(await api.call('DELETE', '/api/v1/namespaces/default'))).toBe(
    '403 Forbidden: namespaces "default" is forbidden: this namespace may not be deleted',
  );
});

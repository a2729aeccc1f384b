import {
  CoreV1Api,
  KubeConfig,
  makeInformer,
  type V1ConfigMap,
  type V1ConfigMapList,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configMap, startTestServer, type TestServer, token } from './server.fixture.ts';

let api: TestServer;
let config: KubeConfig;
let core: CoreV1Api;

beforeAll(async () => {
  api = await startTestServer({ keepChanges: 8 });
  config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'tulle', server: api.server.url }, { name: 'tulle', token });
  core = config.makeApiClient(CoreV1Api);
});
afterAll(() => api.close());

/** An informer on the ConfigMaps of `a`; `until` waits for what it has seen. */
function inform() {
  const path = '/api/v1/namespaces/a/configmaps';
  const lists: Promise<V1ConfigMapList>[] = [];
  const list = (): Promise<V1ConfigMapList> => {
    const listed = core.listNamespacedConfigMap({ namespace: 'a' });
    lists.push(listed);
    return listed;
  };
  const informer = makeInformer<V1ConfigMap>(config, path, list);
  const seen: string[] = [];
  const errors: unknown[] = [];
  let wake = (): void => {};
  for (const verb of ['add', 'update', 'delete'] as const) {
    informer.on(verb, ({ metadata }) => {
      seen.push(`${verb} ${metadata?.name}`);
      wake();
    });
  }
  informer.on('error', (error) => {
    errors.push(error);
    wake();
  });
  const until = async (what: string): Promise<void> => {
    while (!seen.includes(what)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { informer, seen, errors, until, lists };
}

const write = (name: string) => api.resources.create(configMap(name, {}, { namespace: 'a' }));

test('the informers of @kubernetes/client-node list, watch, and go on over the end of a watch', async () => {
  await write('first');
  const { informer, seen, errors, until } = inform();
  await informer.start();
  await until('add first');
  await write('second');
  await until('add second');
  await core.patchNamespacedConfigMap({
    name: 'second',
    namespace: 'a',
    body: [{ op: 'add', path: '/data', value: { a: '1' } }],
  });
  await until('update second');
  expect(informer.get('second', 'a')?.data).toEqual({ a: '1' });
  // The server ends the watch; the informer opens another where it stood.
  api.clock.advance(61 * 60_000);
  await core.deleteNamespacedConfigMap({ name: 'first', namespace: 'a' });
  await until('delete first');
  expect(informer.list('a').map(({ metadata }) => metadata?.name)).toEqual(['second']);
  expect(seen.filter((line) => line === 'add second')).toHaveLength(1);
  expect(errors).toEqual([]);
  await informer.stop();
});

test('an informer that comes back too late gets 410 and lists anew', async () => {
  const { informer, until, lists } = inform();
  await informer.start();
  const before = lists.length;
  await informer.stop();
  for (let i = 0; i < 30; i++) await write(`late${i}`);
  await informer.start();
  await until('add late29');
  expect(lists.length).toBeGreaterThan(before);
  expect(informer.get('late29', 'a')).toBeDefined();
  await informer.stop();
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CoreV1Api,
  KubeConfig,
  makeInformer,
  type V1ConfigMap,
  type V1ConfigMapList,
} from '@kubernetes/client-node';
import { systemClock } from '@tulle/xds/clock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openServingCertificate } from './front/serving-certificate.ts';
import { configMap, startTestServer, type TestServer, token } from './server.fixture.ts';

let api: TestServer;
let config: KubeConfig;
let core: CoreV1Api;

const stateDir = mkdtempSync(join(tmpdir(), 'tulle-informer-'));

beforeAll(async () => {
  const tls = await openServingCertificate(stateDir, { clock: systemClock });
  api = await startTestServer({ keepChanges: 8, tls });
  config = new KubeConfig();
  const server = api.server.url.replace('http:', 'https:');
  const caData = Buffer.from(tls.certPem).toString('base64');
  config.loadFromClusterAndUser(
    { name: 'tulle', server, caData, skipTLSVerify: false },
    { name: 'tulle', token },
  );
  core = config.makeApiClient(CoreV1Api);
});
afterAll(async () => {
  await api.close();
  rmSync(stateDir, { recursive: true, force: true });
});

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
      if (errors.length > 0) throw errors[0];
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
  const { informer, until, lists, errors } = inform();
  await informer.start();
  await write('seen');
  await until('add seen');
  const before = lists.length;
  // History passes it by in another namespace, where it doesn't look.
  for (let i = 0; i < 30; i++) await api.resources.create(configMap(`c${i}`, {}, { namespace: 'default' }));
  api.clock.advance(61 * 60_000);
  await write('after');
  await until('add after');
  expect(lists.length).toBeGreaterThan(before);
  expect(errors).toEqual([]);
  await informer.stop();
});

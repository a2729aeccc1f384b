import { startTestServer, type TestServer, token } from '@tulle/control-plane/api/server.fixture';
import { afterEach, beforeEach, test } from 'vitest';
import { type ApiClient, createApiClient, type KindAddress } from './client.ts';
import { type Informer, startInformer } from './informer.ts';

const CONFIG_MAP: KindAddress = {
  group: '',
  versions: ['v1'],
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

let server: TestServer;
let client: ApiClient;
let informer: Informer | undefined;

beforeEach(async () => {
  server = await startTestServer({ keepChanges: 5 });
  client = createApiClient({ url: server.server.url, token });
});

afterEach(async () => {
  informer?.close();
  await server.close();
});

const make = (name: string) =>
  client.create(CONFIG_MAP, 'default', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: {} });

/** Follows all config maps; `until` resolves when their names are as wanted. */
function follow() {
  const waiting = new Set<() => void>();
  informer = startInformer(client, CONFIG_MAP, () => {
    for (const look of waiting) look();
  });
  const names = (): string => [...(informer?.items.keys() ?? [])].sort().join(' ');
  return (wanted: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (names() !== wanted) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
}

test('lists what is there and follows what comes and goes', async () => {
  await make('one');
  const until = follow();
  await until('default/one');
  await make('two');
  await until('default/one default/two');
  await client.delete(CONFIG_MAP, 'default', 'one');
  await until('default/two');
});

test('lists again when history no longer reaches back', async () => {
  await make('one');
  let cut: (() => void) | undefined;
  // The first watch is cut by us; the second starts from a version that is compacted by then.
  const flaky = createApiClient({
    url: server.server.url,
    token,
    fetch: (input, init) => {
      if (!String(input).includes('watch=true') || cut !== undefined) return fetch(input, init);
      const controller = new AbortController();
      cut = () => controller.abort();
      return fetch(input, { ...init, signal: controller.signal });
    },
  });
  client = flaky;
  const until = follow();
  await until('default/one');
  for (let i = 0; i < 20; i++) await make(`many-${i}`);
  cut?.();
  await client.delete(CONFIG_MAP, 'default', 'one');
  await until(
    [...Array(20).keys()]
      .map((i) => `default/many-${i}`)
      .sort()
      .join(' '),
  );
});

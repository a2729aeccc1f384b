import type { Resource } from '@tulle/resources/kind';
import { kinds } from '@tulle/resources/kinds';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createResources, type Resources } from '../../api/writer/resources.ts';
import { groupLabel, type WorkloadInstance } from '../../model/instances/instance.ts';
import { type Mirror, startMirror } from '../../push/mirror.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import type { Store } from '../../store/store.ts';
import { GroupEntries, healthCondition } from './group-entries.ts';

let store: Store;
let resources: Resources;
let mirror: Mirror;
let entries: GroupEntries;

const onError = (error: unknown): never => {
  throw error;
};
beforeEach(async () => {
  store = openSqliteStore(':memory:');
  resources = createResources({ store, kinds, clock: new ManualClock() });
  await resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  mirror = await startMirror({ store, kinds, onChange: () => {}, onError });
  entries = new GroupEntries({ resources, written: () => mirror.of('WorkloadEntry'), onError });
});
afterEach(async () => {
  await entries.close();
  mirror.close();
  await store.close();
});

const member = (name: string, more: Partial<WorkloadInstance> = {}): WorkloadInstance => ({
  name,
  namespace: 'default',
  workload: 'legacy',
  serviceAccount: 'legacy',
  labels: { app: 'legacy', [groupLabel]: 'legacy' },
  address: '10.0.0.7',
  ports: [{ port: 8080, name: 'web', target: 20_000 }],
  tlsMode: 'istio',
  weight: 3,
  locality: 'eu/a',
  network: '',
  cluster: '',
  health: 'healthy',
  ...more,
});
const settled = async (instances: readonly WorkloadInstance[]): Promise<readonly Resource[]> => {
  entries.update(instances);
  await entries.close();
  return [...mirror.of('WorkloadEntry')];
};

it('who joined by a group has an entry while it is registered; others have none', async () => {
  const other = member('shell', { labels: { app: 'shell' } });
  expect(await settled([member('legacy-a'), other])).toMatchObject([
    {
      metadata: {
        name: 'legacy-a',
        annotations: {
          'istio.io/autoRegistrationGroup': 'legacy',
          'istio.io/workloadController': 'tulle',
        },
      },
      spec: {
        address: '10.0.0.7',
        ports: { web: 8080 },
        labels: { app: 'legacy' },
        serviceAccount: 'legacy',
        locality: 'eu/a',
        weight: 3,
      },
    },
  ]);
  expect(await settled([other])).toEqual([]);
});

it('follows its instance, and writes nothing when nothing changed', async () => {
  const [first] = await settled([member('legacy-a')]);
  const [same] = await settled([member('legacy-a', { health: 'unhealthy' })]);
  expect(same?.metadata.resourceVersion).toBe(first?.metadata.resourceVersion);
  const [moved] = await settled([member('legacy-a', { address: '10.0.0.8' })]);
  expect(moved?.spec).toMatchObject({ address: '10.0.0.8' });
});

it('leaves entries of the user alone', async () => {
  const own = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadEntry',
    metadata: {
      name: 'legacy-a',
      namespace: 'default',
      annotations: { 'istio.io/autoRegistrationGroup': 'x' },
    },
    spec: { address: '192.0.2.1' },
  };
  await resources.create(own);
  expect(await settled([member('legacy-a')])).toMatchObject([{ spec: own.spec }]);
  expect(await settled([])).toMatchObject([{ spec: own.spec }]);
});

it('says the health of its instance, in Istio’s words', async () => {
  const [entry] = (await settled([member('legacy-a')])) as [Resource];
  expect(healthCondition(entry, member('legacy-a'))).toMatchObject({ type: 'Healthy', status: 'True' });
  expect(healthCondition(entry, member('legacy-a', { health: 'unhealthy' }))).toMatchObject({
    status: 'False',
    message: 'its probe fails, or has not succeeded yet',
  });
  expect(healthCondition({ ...entry, metadata: { name: 'x' } }, member('x'))).toBeUndefined();
});

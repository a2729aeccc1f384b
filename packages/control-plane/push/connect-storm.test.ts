import type { Resource } from '@tulle/resources/kind';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import type { Snapshot } from '@tulle/xds/resource';
import { expect, test } from 'vitest';
import { instanceOf } from '../model/instances/instance.fixture.ts';
import type { WorkloadInstance } from '../model/instances/instance.ts';
import { admittedProxy } from './admitted-proxy.fixture.ts';
import { Publisher } from './publisher.ts';

const count = 100;
const names = Array.from({ length: count }, (_, at) => `app${at}-v1-0`);

const resources: readonly Resource[] = names.map((name) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: name.replace('-v1-0', ''), namespace: 'default', uid: name, generation: 1 },
  spec: { selector: { app: name.replace('-v1-0', '') }, ports: [{ name: 'http', port: 9080 }] },
}));

const instanceNamed = (name: string): WorkloadInstance =>
  instanceOf({
    name,
    labels: { app: name.replace('-v1-0', '') },
    ports: [{ port: 9080, name: 'http', target: 1 }],
  });

/** A control plane that has just started: its proxies come all at once, what compiling for one costs is 5 ms. */
function storm(registered: boolean) {
  const clock = new ManualClock();
  const latest = new Map<string, Snapshot>();
  const instances: WorkloadInstance[] = registered ? names.map(instanceNamed) : [];
  let pushes = 0;
  let models = 0;
  const publisher = new Publisher({
    meshName: 'test',
    trustDomain: 'mesh.test',
    trustBundle: '',
    mirror: {
      all: () => resources,
      of: () => [],
      get: () => undefined,
      close: () => {},
    },
    instances: () => [...instances],
    publish({ id }, snapshot) {
      pushes++;
      latest.set(id, snapshot);
      clock.spend(5);
    },
    clock,
    onStage: (stage) => {
      if (stage === 'model') models++;
    },
    onError: (error) => {
      throw error;
    },
  });
  for (const name of names) {
    publisher.connected(admittedProxy(name));
    if (registered) continue;
    instances.push(instanceNamed(name));
    // The store gathers those of one turn; here each comes by itself.
    publisher.instancesChanged();
  }
  // Nobody is served before all have been let in, but for one slice.
  const atOnce = pushes;
  clock.advance(60_000);
  return { publisher, latest, atOnce, work: () => ({ pushes, models }) };
}

test('proxies that come back all at once cost one push each', () => {
  const { latest, atOnce, work } = storm(true);
  expect(atOnce).toBe(0);
  expect(latest.size).toBe(count);
  expect(work()).toEqual({ pushes: count, models: 0 });
});

test('proxies that are all new, each an instance more, end with all instances after work in proportion to their number', () => {
  const { latest, atOnce, work } = storm(false);
  // A slice of 20 ms.
  expect(atOnce).toBeLessThanOrEqual(4);
  const first = latest.get(`${names[0]}.default`);
  for (const name of names) {
    const snapshot = latest.get(`${name}.default`);
    for (const [cluster, { version }] of snapshot?.endpoint ?? [])
      expect(version).toBe(first?.endpoint.get(cluster)?.version);
  }
  expect(first?.endpoint.size).toBe(count);
  const { pushes, models } = work();
  expect(pushes).toBeLessThanOrEqual(2 * count);
  expect(models).toBeLessThanOrEqual(count / 4);
});

import type { Resource } from '@tulle/resources/kind';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import type { Snapshot } from '@tulle/xds/resource';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { instanceOf } from '../model/instances/instance.fixture.ts';
import type { WorkloadInstance } from '../model/instances/instance.ts';
import { admittedProxy } from './admitted-proxy.fixture.ts';
import { Publisher } from './publisher.ts';

const service = (labels: Record<string, string> = {}): Resource => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'reviews', namespace: 'default', labels, generation: 1 },
  spec: { selector: { app: 'reviews' }, ports: [{ name: 'http', port: 9080 }] },
});
const instance = instanceOf({
  name: 'reviews-v1-0',
  labels: { app: 'reviews' },
  ports: [{ port: 9080, name: 'http', target: 1 }],
});
const cluster = 'outbound|9080||reviews.default.svc.cluster.local';

const entry = (address: string, labels: Record<string, string> = { app: 'reviews' }): Resource => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'WorkloadEntry',
  metadata: { name: 'vm', namespace: 'default', generation: 1 },
  spec: { address, labels },
});

let clock: ManualClock;
let resources: Resource[];
let list: () => Resource[];
let instances: WorkloadInstance[];
let published: { id: string; snapshot: Snapshot }[];
let publisher: Publisher;
/** What compiling for one proxy takes on this clock. */
let cost: number;
/** Models of a new configuration. */
let models: number;
const onError = vi.fn();

beforeEach(() => {
  clock = new ManualClock();
  resources = [service()];
  list = () => resources;
  instances = [];
  published = [];
  cost = 0;
  models = 0;
  onError.mockReset();
  publisher = new Publisher({
    meshName: 'test',
    trustDomain: 'mesh.test',
    trustBundle: '',
    mirror: {
      all: () => list(),
      of: (kind) => list().filter((resource) => resource.kind === kind),
      get: () => undefined,
      close: () => {},
    },
    instances: () => instances,
    publish: ({ id }, snapshot) => {
      published.push({ id, snapshot });
      clock.spend(cost);
    },
    clock,
    onModel: () => {
      models++;
    },
    onStage: () => {},
    onError,
  });
});

/** A proxy that has got its first snapshot. */
function connect(name: string): void {
  publisher.connected(admittedProxy(name));
  clock.advance(0);
}

describe('the publisher', () => {
  it('gives a proxy its snapshot when it connects, and nothing after it has gone', () => {
    connect('a-v1-0');
    expect(published.map(({ id }) => id)).toEqual(['a-v1-0.default']);
    expect(published[0]?.snapshot.cluster.has(cluster)).toBe(true);
    publisher.disconnected('a-v1-0.default');
    publisher.instancesChanged();
    expect(published).toHaveLength(1);
  });

  it('pushes instances at once and configuration after the debounce', () => {
    connect('a-v1-0');
    instances = [instance];
    publisher.instancesChanged();
    expect(published).toHaveLength(2);
    expect(published[1]?.snapshot.endpoint.get(cluster)?.version).not.toBe(
      published[0]?.snapshot.endpoint.get(cluster)?.version,
    );
    resources = [];
    publisher.configurationChanged();
    publisher.configurationChanged();
    expect(published).toHaveLength(2);
    clock.advance(10);
    expect(published).toHaveLength(3);
    expect(published[2]?.snapshot.cluster.has(cluster)).toBe(false);
  });

  it('pushes a WorkloadEntry at once, as the endpoints that it changes and nothing else', () => {
    resources = [service(), entry('10.0.0.2')];
    publisher.configurationChanged();
    clock.advance(10);
    models = 0;
    connect('a-v1-0');
    resources = [service(), entry('10.0.0.1')];
    publisher.workloadEntriesChanged();
    expect(published).toHaveLength(2);
    const [before, after] = published.map(({ snapshot }) => snapshot);
    expect(after?.endpoint.get(cluster)?.version).not.toBe(before?.endpoint.get(cluster)?.version);
    for (const type of ['cluster', 'listener', 'route'] as const) expect(after?.[type]).toBe(before?.[type]);
    // What the configuration says of it follows when it is quiet, and is the same for proxies.
    expect(models).toBe(0);
    clock.advance(1_000);
    expect(models).toBe(1);
    expect(publisher.model.config.resources.has('WorkloadEntry/default/vm')).toBe(true);
    const last = published.at(-1)?.snapshot;
    for (const [name, { version }] of after?.cluster ?? [])
      expect(last?.cluster.get(name)?.version).toBe(version);
    expect(last?.endpoint.get(cluster)?.version).toBe(after?.endpoint.get(cluster)?.version);
  });

  it('takes a WorkloadEntry for configuration where a ServiceEntry may look up its name', () => {
    const byName: Resource = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: { name: 'db', namespace: 'default', generation: 1 },
      spec: {
        hosts: ['db.example.com'],
        ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
        resolution: 'DNS',
        workloadSelector: { labels: { app: 'db' } },
      },
    };
    resources = [service(), byName];
    publisher.configurationChanged();
    clock.advance(10);
    connect('a-v1-0');
    resources = [service(), byName, entry('db-1.example.com', { app: 'db' })];
    publisher.workloadEntriesChanged();
    expect(published).toHaveLength(1);
    clock.advance(10);
    expect(published).toHaveLength(2);
    const name = 'outbound|80||db.example.com';
    const versions = published.map(({ snapshot }) => snapshot.cluster.get(name)?.version);
    expect(versions[1]).not.toBe(versions[0]);
  });

  it('makes room between slices, and pushes the newest model once to each', () => {
    for (let at = 0; at < 10; at++) connect(`p${at}-v1-0`);
    published = [];
    cost = 5;
    publisher.instancesChanged();
    expect(published).toHaveLength(4);
    instances = [instance];
    publisher.instancesChanged();
    clock.advance(1_000);
    // The four that had the older model got the newer one too, after those that had waited longer.
    expect(published.map(({ id }) => id.slice(0, 2))).toEqual([
      'p0',
      'p1',
      'p2',
      'p3',
      'p4',
      'p5',
      'p6',
      'p7',
      'p8',
      'p9',
      'p0',
      'p1',
      'p2',
      'p3',
    ]);
    const versions = new Set(
      published.slice(4).map(({ snapshot }) => snapshot.endpoint.get(cluster)?.version),
    );
    expect(versions.size).toBe(1);
  });

  it('goes on with the old model when a new one cannot be built', () => {
    connect('a-v1-0');
    const broken = new Error('broken');
    list = () => {
      throw broken;
    };
    publisher.configurationChanged();
    clock.advance(10);
    expect(onError).toHaveBeenCalledExactlyOnceWith(broken);
    expect(published).toHaveLength(1);
    instances = [instance];
    publisher.instancesChanged();
    expect(published.at(-1)?.snapshot.cluster.has(cluster)).toBe(true);
  });

  it('does nothing after close', () => {
    connect('a-v1-0');
    publisher.configurationChanged();
    publisher.close();
    clock.advance(1_000);
    expect(published).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});

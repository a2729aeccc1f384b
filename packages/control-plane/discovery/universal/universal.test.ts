import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { formatNodeId, type ProxyMetadata } from '@tulle/xds/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkloadInstance } from '../../model/instances/instance.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import type { Store } from '../../store/store.ts';
import { platformConformance } from '../platform.conformance.ts';
import type { OnInstances } from '../platform.ts';
import { graceMs } from './leases.ts';
import { storeWriter } from './store-writer.fixture.ts';
import { startUniversal, type UniversalPlatform } from './universal.ts';

function metadata(name: string, changes: Partial<ProxyMetadata> = {}): ProxyMetadata {
  return {
    NAMESPACE: 'default',
    SERVICE_ACCOUNT: 'reviews',
    NAME: name,
    WORKLOAD_NAME: 'reviews-v1',
    LABELS: { app: 'reviews' },
    CLUSTER_ID: 'c1',
    MESH_ID: 'bookinfo',
    TULLE_ENGINE: 'tulle',
    TULLE_INBOUND: [
      {
        port: 9080,
        name: 'http',
        bindAddress: '127.0.0.1',
        bindPort: 20001,
        appAddress: '127.0.0.1',
        appPort: 20002,
      },
    ],
    TULLE_OUTBOUND: { upstreams: [] },
    TULLE_ADMIN_PORT: 20003,
    ...changes,
  };
}
const idOf = (proxy: ProxyMetadata): string =>
  formatNodeId('sidecar', '127.0.0.1', proxy.NAME, proxy.NAMESPACE);

interface Running {
  readonly platform: UniversalPlatform;
  readonly writer: ReturnType<typeof storeWriter>;
  readonly seen: (readonly WorkloadInstance[])[];
}

async function run(store: Store, clock: ManualClock, onInstances?: OnInstances): Promise<Running> {
  const seen: (readonly WorkloadInstance[])[] = [];
  const writer = storeWriter(store);
  const platform = await startUniversal({
    store,
    writer,
    clock,
    onInstances: (instances) => {
      seen.push(instances);
      onInstances?.(instances);
    },
    onError: (error) => {
      throw error;
    },
  });
  return { platform, writer, seen };
}

platformConformance('universal', async (onInstances) => {
  const store = openSqliteStore(':memory:');
  const clock = new ManualClock();
  const { platform, writer } = await run(store, clock, onInstances);
  const until = (condition: () => boolean) => expect.poll(() => condition()).toBe(true);
  const find = (namespace: string, name: string) =>
    platform.instances().find((instance) => instance.namespace === namespace && instance.name === name);
  return {
    platform,
    async appear(namespace, name, labels) {
      const proxy = metadata(name, { NAMESPACE: namespace, LABELS: labels });
      await platform.opened(idOf(proxy), proxy);
      await writer.patchStatus({ namespace, name }, { ready: true });
    },
    async sicken(namespace, name) {
      platform.reported(metadata(name, { NAMESPACE: namespace }), false, 'application is down');
      await until(() => find(namespace, name)?.health === 'unhealthy');
    },
    async vanish(namespace, name) {
      platform.ended(metadata(name, { NAMESPACE: namespace }), 'goodbye');
      await until(() => find(namespace, name) === undefined);
    },
    async close() {
      await platform.close();
      await store.close();
    },
  };
});

describe('a lease', () => {
  let store: Store;
  let clock: ManualClock;
  let current: Running;
  const proxy = metadata('reviews-v1-0');
  const name = { namespace: 'default', name: 'reviews-v1-0' };

  beforeEach(async () => {
    store = openSqliteStore(':memory:');
    clock = new ManualClock();
    current = await run(store, clock);
    await current.platform.opened(idOf(proxy), proxy);
    await current.writer.patchStatus(name, { ready: true });
  });
  afterEach(async () => {
    await current.platform.close();
    await store.close();
  });
  const names = () => current.platform.instances().map((instance) => instance.name);

  it('describes the instance as its proxy and supervisor do', () => {
    expect(current.platform.instances()).toEqual([
      {
        name: 'reviews-v1-0',
        namespace: 'default',
        workload: 'reviews-v1',
        serviceAccount: 'reviews',
        labels: { app: 'reviews' },
        address: '127.0.0.1',
        ports: [{ port: 9080, name: 'http', target: 20001 }],
        tlsMode: 'istio',
        weight: 1,
        locality: '',
        network: '',
        cluster: 'c1',
        restarts: 0,
        health: 'healthy',
      },
    ]);
  });

  it('ends at once with a goodbye', async () => {
    current.platform.ended(proxy, 'goodbye');
    await expect.poll(() => names()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('outlives a lost stream by its grace, still healthy', async () => {
    current.platform.ended(proxy, 'lost');
    clock.advance(graceMs - 1);
    await current.platform.opened(idOf(proxy), proxy);
    expect(current.platform.instances()[0]?.health).toBe('healthy');
    expect(clock.pending).toBe(0);
    current.platform.ended(proxy, 'lost');
    clock.advance(graceMs);
    await expect.poll(() => names()).toEqual([]);
  });

  it('ends at once when its stream is lost after its supervisor has taken it out of service', async () => {
    await current.writer.patchStatus(name, { draining: true });
    current.platform.ended(proxy, 'lost');
    await expect.poll(() => names()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('stays when a proxy that drains has lost its stream and opened another', async () => {
    await current.writer.patchStatus(name, { draining: true });
    current.platform.ended(proxy, 'lost');
    await current.platform.opened(idOf(proxy), proxy);
    expect(names()).toEqual(['reviews-v1-0']);
    expect(clock.pending).toBe(0);
  });

  it('is held by a stream that takes over before the earlier one is noticed lost', async () => {
    await current.platform.opened(idOf(proxy), proxy);
    expect(clock.pending).toBe(0);
    current.platform.ended(proxy, 'goodbye');
    await expect.poll(() => names()).toEqual([]);
  });

  it('comes back when its proxy opens a stream right after its goodbye', async () => {
    current.platform.ended(proxy, 'goodbye');
    await current.platform.opened(idOf(proxy), proxy);
    expect(names()).toEqual(['reviews-v1-0']);
    current.platform.ended(proxy, 'lost');
    expect(clock.pending).toBe(1);
  });

  it('takes what the proxy says anew when it opens again', async () => {
    const moved = metadata('reviews-v1-0', { LABELS: { app: 'reviews', version: 'v2' } });
    current.platform.ended(proxy, 'lost');
    await current.platform.opened(idOf(moved), moved);
    expect(current.platform.instances()[0]).toMatchObject({ labels: { version: 'v2' }, health: 'healthy' });
  });

  it('shows draining before it ends', async () => {
    await current.writer.patchStatus(name, { draining: true });
    expect(current.platform.instances()[0]?.health).toBe('draining');
  });

  it('is served after a restart, and nothing goes before its grace has passed', async () => {
    const other = metadata('reviews-v1-1');
    await current.platform.opened(idOf(other), other);
    await current.writer.patchStatus({ namespace: 'default', name: 'reviews-v1-1' }, { ready: true });
    await current.platform.close();
    current.platform.ended(proxy, 'lost');
    clock.advance(10 * graceMs);

    current = await run(store, clock);
    expect(names()).toEqual(['reviews-v1-0', 'reviews-v1-1']);
    await current.platform.opened(idOf(proxy), proxy);
    clock.advance(graceMs - 1);
    for (const instances of current.seen) expect(instances).toHaveLength(2);
    clock.advance(1);
    await expect.poll(() => names()).toEqual(['reviews-v1-0']);
    clock.advance(10 * graceMs);
    expect(current.writer.removed).toEqual([{ namespace: 'default', name: 'reviews-v1-1' }]);
  });
});

import { kinds } from '@tulle/resources/kinds';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createResources, type Resources } from '../api/writer/resources.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { type Mirror, startMirror } from './mirror.ts';

let store: Store;
let resources: Resources;
let mirror: Mirror;
const onChange = vi.fn();
const key = { group: '', plural: 'services', namespace: 'default', name: 'reviews' };

beforeEach(async () => {
  store = openSqliteStore(':memory:');
  resources = createResources({ store, kinds, clock: new ManualClock() });
  await resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  onChange.mockReset();
  mirror = await startMirror({
    store,
    kinds,
    onChange,
    onError: (error) => {
      throw error;
    },
  });
  await resources.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'reviews', namespace: 'default' },
    spec: { ports: [{ name: 'http', port: 80 }] },
  });
});
afterEach(async () => {
  mirror.close();
  await store.close();
});

describe('the mirror', () => {
  it('shows what the store has', async () => {
    expect(mirror.get('Service', 'default', 'reviews')?.metadata.generation).toBe(1);
    expect([...mirror.all()].map(({ kind }) => kind).sort()).toEqual(['Namespace', 'Service']);
    expect(onChange).toHaveBeenCalledTimes(1);
    await resources.remove(key);
    expect(mirror.get('Service', 'default', 'reviews')).toBeUndefined();
    expect(onChange).toHaveBeenCalledTimes(2);
  });

  it('does not count a status as a change, nor an equal write', async () => {
    const condition = {
      type: 'Applied',
      status: 'True',
      reason: 'AllProxies',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    await resources.patchStatus(key, () => ({ conditions: [condition] }));
    expect(mirror.get('Service', 'default', 'reviews')?.status).toMatchObject({
      conditions: [{ type: 'Applied' }],
    });
    await resources.patch(key, (current) => ({ ...current }));
    expect(onChange).toHaveBeenCalledTimes(1);
    await resources.patch(key, (current) => ({
      ...current,
      metadata: { ...current.metadata, labels: { a: 'b' } },
    }));
    expect(onChange).toHaveBeenCalledTimes(2);
  });
});

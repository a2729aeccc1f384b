import { byType, type Origin, type Snapshot, type XdsResource, type XdsType } from '@tulle/xds/resource';
import { describe, expect, it } from 'vitest';
import { type Delivery, type ProxyProgress, tally } from './tally.ts';

const origin = (kind: string, name: string, generation = 1): Origin => ({
  kind,
  namespace: 'default',
  name,
  generation,
  path: '',
});
const resource = (name: string, ...origins: Origin[]): XdsResource => ({
  name,
  version: '1',
  bytes: new Uint8Array(),
  origins,
});

function snapshot(parts: Partial<Record<XdsType, XdsResource[]>>): Snapshot {
  return byType((type) => new Map((parts[type] ?? []).map((item) => [item.name, item])));
}

function proxy(
  name: string,
  parts: Parameters<typeof snapshot>[0],
  deliveries: Record<string, Delivery> = {},
): ProxyProgress {
  return {
    name,
    snapshot: snapshot(parts),
    delivery: (_, item) => deliveries[item.name] ?? { kind: 'applied' },
  };
}

const countOf = (proxies: readonly ProxyProgress[]) => tally(proxies, { pause: () => undefined });

describe('the tally', () => {
  const cluster = resource('c', origin('Service', 'reviews'), origin('DestinationRule', 'reviews', 3));
  const route = resource('r', origin('VirtualService', 'reviews', 2), origin('VirtualService', 'reviews', 2));

  it('counts the proxies that have something of a resource, and those that have all of it', async () => {
    const counts = await countOf([
      proxy('a', { cluster: [cluster], route: [route] }),
      proxy('b', { cluster: [cluster] }),
      proxy('c', { cluster: [cluster], route: [route] }, { r: { kind: 'pending' } }),
    ]);
    expect(counts.get('Service/default/reviews')).toMatchObject({ applied: 3, total: 3, pending: false });
    expect(counts.get('DestinationRule/default/reviews')?.generation).toBe(3);
    expect(counts.get('VirtualService/default/reviews')).toMatchObject({
      applied: 1,
      total: 2,
      pending: true,
    });
    expect(counts.get('VirtualService/default/other')).toBeUndefined();
  });

  it('lets a refusal outweigh what was accepted, per proxy', async () => {
    const rejected = { kind: 'rejected', reason: 'no such filter' } as const;
    const both = resource('l', origin('VirtualService', 'reviews', 2));
    const counts = await countOf([
      proxy('a', { listener: [both], route: [route] }, { l: rejected, r: { kind: 'pending' } }),
    ]);
    expect(counts.get('VirtualService/default/reviews')).toEqual({
      applied: 0,
      total: 1,
      pending: false,
      rejections: [{ proxy: 'a', reason: 'no such filter' }],
      generation: 2,
    });
  });
});

import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '@tulle/xds/clock';
import type { ProxyMetadata } from '@tulle/xds/node';
import { type Follow, followCollection } from '../../follow.ts';
import type { WorkloadInstance } from '../../model/instances/instance.ts';
import type { Store } from '../../store/store.ts';
import { byName, type OnInstances, type Platform } from '../platform.ts';
import { Leases, type RegistrationWriter } from './leases.ts';
import { instanceOf, type Registration, registrationCollection } from './registration.ts';

/** The universal platform, and what it is told of the proxies' streams. */
export interface UniversalPlatform extends Platform {
  /** A proxy's stream was opened and authenticated. Resolves when its registration is stored. */
  opened(nodeId: string, metadata: ProxyMetadata): Promise<void>;
  ended(metadata: ProxyMetadata, reason: 'goodbye' | 'lost'): void;
  /** HealthInformation from the stream. */
  reported(metadata: ProxyMetadata, healthy: boolean, message: string): void;
  /** Before the control plane ends its proxies' streams: their end then says nothing of the instances. */
  freeze(): void;
}

/**
 * Instances are the stored registrations: what the store shows is what is served, so an answer that has
 * left the control plane survives it. Every registration found at start gets a grace before it may go.
 */
export async function startUniversal(options: {
  readonly store: Store;
  readonly writer: RegistrationWriter;
  readonly clock: Clock;
  readonly onInstances: OnInstances;
  readonly onError: (error: unknown) => void;
}): Promise<UniversalPlatform> {
  const { store, onInstances } = options;
  const leases = new Leases(options);
  const byKey = new Map<string, WorkloadInstance>();
  let instances: readonly WorkloadInstance[] = [];
  let started = false;

  const follow: Follow = await followCollection({
    store,
    collection: registrationCollection,
    onChange(changes) {
      let changed = false;
      for (const { key, resource } of changes) {
        const next = resource === undefined ? undefined : instanceOf(resource as Registration);
        if (isDeepStrictEqual(byKey.get(key), next)) continue;
        if (next === undefined) byKey.delete(key);
        else byKey.set(key, next);
        changed = true;
      }
      if (!changed) return;
      instances = [...byKey.values()].sort(byName);
      if (started) onInstances(instances);
    },
    onError: options.onError,
  });
  for (const { namespace, name } of instances) leases.adopt({ namespace, name });
  started = true;

  return {
    name: 'universal',
    instances: () => instances,
    opened: (nodeId, metadata) => leases.opened(nodeId, metadata),
    ended: (metadata, reason) => leases.ended(metadata, reason),
    reported: (metadata, healthy, message) => leases.reported(metadata, healthy, message),
    freeze: () => leases.freeze(),
    async close() {
      started = false;
      await leases.close();
      follow.close();
    },
  };
}

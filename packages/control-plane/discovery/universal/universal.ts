import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '@tulle/xds/clock';
import type { ProxyMetadata } from '@tulle/xds/node';
import { type Follow, followCollection } from '../../follow.ts';
import {
  byName,
  type Change,
  find,
  type InstanceList,
  nameOf,
  patched,
} from '../../model/instances/instance-list.ts';
import type { Store } from '../../store/store.ts';
import type { OnInstances, Platform } from '../platform.ts';
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
  let instances: InstanceList = [];
  let started = false;

  const follow: Follow = await followCollection({
    store,
    collection: registrationCollection,
    onChange(found) {
      const changes = found
        .map(({ key, resource }): Change => {
          const [namespace = '', name = ''] = key.split('/');
          const after = resource === undefined ? undefined : instanceOf(resource as Registration);
          return { before: find(instances, { namespace, name }), after };
        })
        .filter(({ before, after }) => !isDeepStrictEqual(before, after))
        .sort((a, b) => byName(nameOf(a), nameOf(b)));
      if (changes.length === 0) return;
      instances = patched(instances, changes);
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

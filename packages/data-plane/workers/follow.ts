import type { Tables } from '@tulle/decision/tables/tables';
import type { Bootstrap } from '../bootstrap.ts';
import { ConfigStore } from '../config/store.ts';
import type { Configuration } from '../config/subscription.ts';
import { filterReaders } from '../config/translate/filters/filter-readers.ts';
import { type ProxyIdentity, readIdentity } from '../identity/identity.ts';
import { ownUri } from '../identity/request-svid.ts';
import type { Svid } from '../identity/svid.ts';
import type { ParentLink } from './parent-link.ts';

/**
 * The identity that the lead keeps fresh, from the state directory. Resolves when there is one.
 *
 * @param now milliseconds since the epoch
 */
export async function followIdentity(
  parent: ParentLink,
  bootstrap: Bootstrap,
  now: () => number,
): Promise<ProxyIdentity> {
  const listeners = new Set<(svid: Svid) => void>();
  const first = Promise.withResolvers<Svid>();
  let current: Svid | undefined;
  const read = (): void => {
    current = readIdentity(bootstrap, now()) ?? current;
    if (current === undefined) return;
    first.resolve(current);
    for (const listener of listeners) listener(current);
  };
  parent.onTold((message, from) => {
    if (message.kind === 'identity' && parent.isOfUs(from)) read();
  });
  read();
  let svid = await first.promise;
  return {
    uri: ownUri(bootstrap),
    current: () => {
      svid = current ?? svid;
      return svid;
    },
    onRotate(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => listeners.clear(),
  };
}

/** The lead's configuration, as it comes over the channel; made into tables here. */
export function followConfiguration(parent: ParentLink, onTables: (tables: Tables) => void): Configuration {
  const ready = Promise.withResolvers<void>();
  const store = new ConfigStore({ readers: filterReaders, onTables });
  let updates = 0;
  parent.onTold((message, from) => {
    if (!parent.isOfUs(from)) return;
    if (message.kind === 'configuration') store.restore(message.resources);
    else if (message.kind === 'update') store.apply(message.update);
    else if (message.kind === 'stop-waiting') store.stopWaiting();
    else return;
    updates++;
    if (store.complete) ready.resolve();
  });
  parent.tell('others', { kind: 'join' });
  return {
    ready: ready.promise,
    tables: () => store.tables,
    state: () => ({ connected: true, error: '', updates, rejected: 0 }),
    resources: () => store.resources,
    dump: () => [],
    // The lead binds the same addresses, and tells.
    reportFailures: () => {},
    reportHealth: () => {},
    close: () => Promise.resolve(),
  };
}

import type { Tables } from '@tulle/decision/tables/tables';
import { AdsClient, type ConnectionState, type Rejection, type Update } from '@tulle/xds/client/ads-client';
import type { ConnectGrpc, GrpcTarget } from '@tulle/xds/client/transport';
import { type Clock, systemClock } from '@tulle/xds/clock';
import type { JsonObject } from '@tulle/xds/json';
import { type XdsType, xdsTypes } from '@tulle/xds/resource';
import type { Bootstrap } from '../bootstrap.ts';
import type { ListenerFailure } from '../listener/bind-failure.ts';
import { type DumpEntry, dumpResources } from './dump.ts';
import { FailedListeners } from './failed-listeners.ts';
import { LastGood, type RawResources } from './last-good.ts';
import { ConfigStore, namedTypes } from './store.ts';
import { filterReaders } from './translate/filters/filter-readers.ts';
import type { FilterConfigReaders } from './translate/filters/http-filter.ts';

/** The proxy's SVID of the moment, PEM. */
export interface CurrentIdentity {
  readonly keyPem: string;
  readonly chainPem: string;
  readonly rootsPem: string;
}

export interface ConfigurationOptions {
  readonly bootstrap: Bootstrap;
  /** Read for each connection, so that a rotated SVID is used from the next one on. */
  readonly identity: () => CurrentIdentity;
  /** New tables, once per update; may be called before `startConfiguration` returns (last good configuration). */
  readonly onTables: (tables: Tables) => void;
  /** How HTTP filters' configurations are read; the proxy's own by default. */
  readonly filters?: FilterConfigReaders;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly log?: (message: string) => void;
  /** To the bootstrap's control plane. */
  readonly connect: ConnectGrpc;
  readonly watcher?: ConfigurationWatcher;
  /** What another worker has, in place of the last good configuration in the file. */
  readonly newest?: RawResources;
}

/** Told of all that changes what is accepted, for whoever keeps a copy. */
export interface ConfigurationWatcher {
  /** An update, after it was taken. */
  onUpdate(update: Update): void;
  /** What is referenced and has not come counts as missing. */
  onStopWaiting(): void;
}

export interface ConfigurationState {
  readonly connected: boolean;
  /** Why the last connection ended; empty while connected. */
  readonly error: string;
  /** Updates taken and refused since the start. */
  readonly updates: number;
  readonly rejected: number;
}

export interface Configuration {
  /** When listeners and clusters are known, with all that they refer to. */
  readonly ready: Promise<void>;
  readonly tables: () => Tables;
  readonly state: () => ConfigurationState;
  /** All that is accepted, as it came. */
  readonly resources: () => RawResources;
  /** What is in force, for /config_dump; secrets redacted. */
  readonly dump: () => readonly DumpEntry[];
  /** Listeners of the tables in force that can't be bound: refused until they can, as Envoy does. */
  readonly reportFailures: (failures: readonly ListenerFailure[]) => void;
  readonly reportHealth: (healthy: boolean, message?: string) => void;
  /** `goodbye`: after draining; the control plane takes the instance out at once. */
  readonly close: (goodbye: boolean) => Promise<void>;
}

const nothing: ReadonlySet<string> = new Set();
/** Envoy's initial_fetch_timeout: what has not come by then is taken for missing. */
const waitMs = 15_000;

/** Control plane ⇒ tables: client, store and last good configuration together. */
export function startConfiguration(options: ConfigurationOptions): Configuration {
  const { bootstrap, clock = systemClock, random = Math.random, log = () => {} } = options;
  const ready = Promise.withResolvers<void>();
  let state: ConfigurationState = { connected: false, error: 'not connected yet', updates: 0, rejected: 0 };
  let waiting: { cancel(): void } | undefined;

  const store = new ConfigStore({ readers: options.filters ?? filterReaders, onTables: options.onTables });
  const all = (): RawResources => store.resources;
  const lastGood = new LastGood(bootstrap.stateDir, clock, all, (error) =>
    log(`configuration file: ${error.message}`),
  );

  const client = new AdsClient({
    node: {
      id: bootstrap.node.id,
      cluster: bootstrap.node.cluster,
      metadata: bootstrap.node.metadata as unknown as JsonObject,
      userAgentName: 'tulle',
    },
    connect: () => options.connect(target(options)),
    onUpdate,
    onConnection,
    clock,
    random,
  });

  const failed = new FailedListeners((names) => client.askAgain('listener', names));

  function onUpdate(update: Update): readonly Rejection[] {
    const rejections = store.apply(update);
    for (const { name, reason } of rejections)
      log(`configuration: ${update.type} ${name} refused: ${reason}`);
    state = { ...state, updates: state.updates + 1, rejected: state.rejected + rejections.length };
    lastGood.touch();
    options.watcher?.onUpdate(update);
    follow();
    return update.type === 'listener'
      ? [...rejections, ...failed.rejections(update, rejections)]
      : rejections;
  }

  function onConnection(change: ConnectionState): void {
    const connected = change.kind === 'connected';
    state = { ...state, connected, error: connected ? '' : change.status.message };
    log(
      connected
        ? 'control plane: connected'
        : `control plane: ${change.status.message}, again in ${Math.round(change.retryInMs)} ms`,
    );
  }

  /** Subscribes to what is referenced, and tells when all of it is there. */
  function follow(): void {
    for (const type of namedTypes) client.subscribe(type, store.wanted[type]);
    client.subscribe('workload', store.takesTcp ? '*' : nothing);
    if (store.complete) {
      waiting?.cancel();
      waiting = undefined;
      ready.resolve();
    } else
      waiting ??= clock.after(waitMs, () => {
        waiting = undefined;
        store.stopWaiting();
        options.watcher?.onStopWaiting();
        follow();
      });
  }

  const stored = options.newest ?? lastGood.load();
  if (stored !== undefined) {
    store.restore(stored);
    for (const type of xdsTypes) client.restore(type, versions(store, type));
  }
  client.subscribe('cluster', '*');
  client.subscribe('listener', '*');
  follow();
  client.start();

  return {
    ready: ready.promise,
    tables: () => store.tables,
    state: () => state,
    resources: all,
    dump: () => dumpResources(all()),
    reportFailures: (failures) => failed.report(failures),
    reportHealth: (healthy, message) => client.reportHealth(healthy, message),
    async close(goodbye) {
      waiting?.cancel();
      await client.close(goodbye);
      await lastGood.close();
    },
  };
}

const versions = (store: ConfigStore, type: XdsType): ReadonlyMap<string, string> =>
  new Map(store.accepted(type).map(({ name, version }) => [name, version]));

function target({ bootstrap, identity }: ConfigurationOptions): GrpcTarget {
  const { address, xdsPort, identity: serverIdentity } = bootstrap.controlPlane;
  const { keyPem, chainPem, rootsPem } = identity();
  return { address, port: xdsPort, tls: { key: keyPem, cert: chainPem, ca: rootsPem }, serverIdentity };
}

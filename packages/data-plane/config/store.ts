import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Caller, Endpoint } from '@tulle/decision/tables/endpoint';
import type { Listener } from '@tulle/decision/tables/listener';
import type { RouteTable, VirtualHost } from '@tulle/decision/tables/route';
import type { SecretTable } from '@tulle/decision/tables/secret';
import type { Tables } from '@tulle/decision/tables/tables';
import type { RawResource, Rejection, Update } from '@tulle/xds/client/ads-client';
import { byType, isNamedBy, type XdsType } from '@tulle/xds/resource';
import { isFileSecret } from '../file-secrets.ts';
import { Collection } from './collection.ts';
import { JoinedTables } from './joined-tables.ts';
import type { RawResources } from './last-good.ts';
import type { FilterConfigReaders } from './translate/filters/http-filter.ts';
import type { References } from './translate/references.ts';
import { translateResource } from './translate/resource.ts';

/** Types that are subscribed to by name: what is referenced. Virtual hosts by the names of their tables. */
export const namedTypes = ['endpoint', 'virtualHost', 'route', 'secret'] as const;
export type NamedType = (typeof namedTypes)[number];
type Names = Readonly<Record<NamedType, ReadonlySet<string>>>;
const noNames = (): Record<NamedType, Set<string>> => ({
  endpoint: new Set(),
  virtualHost: new Set(),
  route: new Set(),
  secret: new Set(),
});
/** Users before what they use, so that what is restored is wanted when it comes. */
const restoreOrder: readonly XdsType[] = [
  'cluster',
  'listener',
  'endpoint',
  'route',
  'virtualHost',
  'secret',
  'workload',
];

/** Secrets that the proxy has from its identity or its machine; the control plane is never asked for them. */
const isOwnSecret = (name: string): boolean => name === 'default' || isFileSecret(name);

export interface StoreOptions {
  readonly readers: FilterConfigReaders;
  /** New tables, once per batch; the old ones stay untouched. */
  readonly onTables: (tables: Tables) => void;
}

/**
 * The accepted configuration of a proxy, and the tables made of it.
 *
 * ```
 *   update ─ translate ─▶ latest ─ references there? ─▶ active ─▶ Tables (epoch + 1)
 *                └ refused: what was accepted before stays
 * ```
 * A reference is settled when the resource is there, or the control plane has said that there is none: then
 * its users serve without it, and only requests that need it fail. A table whose virtual hosts come by themselves is
 * there when they are: when the control plane has said that there is no virtual host of the table's name, which comes
 * after the last of them.
 */
export class ConfigStore {
  readonly #options: StoreOptions;
  readonly #collections = {
    cluster: new Collection<Cluster>(),
    endpoint: new Collection<readonly Endpoint[]>(),
    listener: new Collection<Listener>(),
    route: new Collection<RouteTable>(),
    virtualHost: new Collection<VirtualHost>(),
    secret: new Collection<SecretTable>(),
    workload: new Collection<Caller>(),
  };
  readonly #absent = noNames();
  #wanted: Names = noNames();
  readonly #joined = new JoinedTables();
  readonly #answered = new Set<XdsType>();
  #tables: Tables;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#tables = this.#assemble(0);
  }

  get tables(): Tables {
    return this.#tables;
  }

  /** Names that accepted resources refer to. The sets are replaced, not edited. */
  get wanted(): Names {
    return this.#wanted;
  }

  /** Callers come with bytes that don't say who they are: the table of workloads is wanted. */
  get takesTcp(): boolean {
    for (const { value } of this.#collections.listener.latest.values()) {
      const { direction, filterChains } = value;
      if (direction === 'inbound' && filterChains.some(({ filter }) => filter.kind === 'tcp')) return true;
    }
    return false;
  }

  /** Listeners and clusters are known and nothing waits for anything. */
  get complete(): boolean {
    const { listener, cluster } = this.#collections;
    return (
      this.#answered.has('listener') &&
      this.#answered.has('cluster') &&
      listener.warming + cluster.warming === 0
    );
  }

  /** Takes one update; what it refuses, with reasons, leaves the earlier resource of the name in force. */
  apply(update: Update): readonly Rejection[] {
    const rejections = this.#accept(update);
    this.#settle(referring.has(update.type));
    return rejections;
  }

  /** Takes an earlier run's, or another's, accepted resources in place of what there is; what does not fit is left out. */
  restore(resources: RawResources): void {
    for (const type of restoreOrder) {
      const names = new Set(resources[type].map(({ name }) => name));
      const removed = [...this.#collections[type].latest.keys()].filter((name) => !names.has(name));
      if (type === 'virtualHost') {
        const { marks = [], hosts = [] } = Object.groupBy(resources[type], isMark);
        this.#accept({ type, resources: hosts, removed: [...removed, ...marks.map(({ name }) => name)] });
      } else this.#accept({ type, resources: resources[type], removed });
      if (type === 'listener' || type === 'route') this.#follow();
    }
    this.#settle(true);
  }

  /** Stops waiting for what is referenced and has not come: it counts as not there until it comes. */
  stopWaiting(): void {
    for (const type of namedTypes) {
      for (const name of this.#wanted[type]) if (!this.#isSettled(type, name)) this.#absent[type].add(name);
    }
    this.#settle(true);
  }

  /** All that was accepted, as it came, and which tables have all of their virtual hosts. */
  get resources(): RawResources {
    const marks = [...this.#absent.virtualHost].map(markOf);
    return {
      ...byType((type) => this.accepted(type)),
      virtualHost: [...marks, ...this.accepted('virtualHost')],
    };
  }

  /** What was accepted, as it came. */
  accepted(type: XdsType): RawResource[] {
    return [...this.#collections[type].latest].map(([name, { version, bytes }]) => ({
      name,
      version,
      bytes,
    }));
  }

  #accept({ type, resources, removed, more }: Update): Rejection[] {
    const collection = this.#collections[type] as Collection<unknown>;
    const rejections: Rejection[] = [];
    for (const { name, version, bytes } of resources) {
      const before = collection.latest.get(name);
      if (isNamed(type)) this.#absent[type].delete(name);
      if (before !== undefined && Buffer.compare(before.bytes, bytes) === 0) {
        collection.renew(name, version);
        continue;
      }
      const translated = translateResource(type, name, bytes, this.#options.readers);
      if (translated.ok)
        collection.set(name, { version, bytes, value: translated.value, references: translated.references });
      else rejections.push({ name, reason: translated.reason });
    }
    for (const name of removed) {
      collection.delete(name);
      // That a virtual host has gone is nothing that anybody waits for.
      if (isNamed(type) && (type !== 'virtualHost' || this.#wanted[type].has(name)))
        this.#absent[type].add(name);
    }
    if (more !== true) this.#answered.add(type);
    return rejections;
  }

  /** Promotes what is ready, drops what nobody refers to, publishes if anything changed. */
  #settle(referencesChanged: boolean): void {
    const { cluster, endpoint, listener, route, virtualHost, secret, workload } = this.#collections;
    const isReady = this.#isReady.bind(this);
    const users = [cluster, listener, route].map((user) => user.promote(isReady)).includes(true);
    if (users || referencesChanged) this.#follow();
    // Routes again: those that nobody wants any more have just been dropped.
    const others = [endpoint, route, virtualHost, secret, workload]
      .map((collection) => collection.promote(isReady))
      .includes(true);
    if (!users && !others) return;
    this.#tables = this.#assemble(this.#tables.epoch + 1);
    this.#options.onTables(this.#tables);
  }

  #isReady(references: References): boolean {
    return namedTypes.every((type) => references[type].every((name) => this.#isSettled(type, name)));
  }

  #isSettled(type: NamedType, name: string): boolean {
    if (this.#absent[type].has(name) || (type === 'secret' && isOwnSecret(name))) return true;
    const accepted = type === 'virtualHost' ? undefined : this.#collections[type].latest.get(name);
    return accepted !== undefined && this.#isReady(accepted.references);
  }

  /** Recomputes what is wanted; what is not any more goes. */
  #follow(): void {
    const next = noNames();
    const { cluster, listener, route, virtualHost, workload } = this.#collections;
    for (const user of [cluster, listener]) {
      for (const references of user.references()) {
        for (const type of namedTypes) for (const name of references[type]) next[type].add(name);
      }
    }
    for (const name of next.secret) if (isOwnSecret(name)) next.secret.delete(name);
    for (const type of ['endpoint', 'route', 'secret'] as const) {
      const collection = this.#collections[type];
      for (const name of [...collection.latest.keys()]) if (!next[type].has(name)) collection.delete(name);
    }
    for (const references of route.references())
      for (const table of references.virtualHost) next.virtualHost.add(table);
    for (const name of [...virtualHost.latest.keys()])
      if (!isNamedBy(next.virtualHost, 'virtualHost', name)) virtualHost.delete(name);
    for (const type of namedTypes)
      for (const name of this.#absent[type]) if (!next[type].has(name)) this.#absent[type].delete(name);
    this.#wanted = next;
    if (!this.takesTcp) for (const name of [...workload.latest.keys()]) workload.delete(name);
  }

  #assemble(epoch: number): Tables {
    const { cluster, endpoint, listener, route, virtualHost, secret, workload } = this.#collections;
    return {
      epoch,
      listeners: listener.active,
      routes: this.#joined.join(route.active, virtualHost.active),
      clusters: cluster.active,
      endpoints: endpoint.active,
      secrets: secret.active,
      workloads: workload.active,
    };
  }
}

/** Types whose resources name others. */
const referring: ReadonlySet<XdsType> = new Set(['cluster', 'listener', 'route']);

/** In place of a virtual host: all virtual hosts of the table of this name are there. */
const markOf = (name: string): RawResource => ({ name, version: '', bytes: new Uint8Array() });
const isMark = ({ bytes }: RawResource): 'marks' | 'hosts' => (bytes.length === 0 ? 'marks' : 'hosts');

const isNamed = (type: XdsType): type is NamedType => (namedTypes as readonly XdsType[]).includes(type);

import { byType, type Snapshot, type XdsResource, type XdsType } from '@tulle/xds/resource';
import type { Delivery, ProxyProgress } from './tally.ts';

interface TypeProgress {
  /** Resource name ⇒ version. */
  readonly acknowledged: Map<string, string>;
  readonly rejected: Map<string, { readonly version: string; readonly reason: string }>;
}

/** What one connected proxy has been sent and has answered. */
class Progress implements ProxyProgress {
  readonly name: string;
  snapshot: Snapshot;
  readonly types: Readonly<Record<XdsType, TypeProgress>> = byType(newType);

  constructor(name: string, snapshot: Snapshot) {
    this.name = name;
    this.snapshot = snapshot;
  }

  delivery(type: XdsType, resource: XdsResource): Delivery {
    const { acknowledged, rejected } = this.types[type];
    const refusal = rejected.size === 0 ? undefined : rejected.get(resource.name);
    if (refusal?.version === resource.version) return { kind: 'rejected', reason: refusal.reason };
    return acknowledged.get(resource.name) === resource.version ? applied : pending;
  }
}

const applied: Delivery = { kind: 'applied' };
const pending: Delivery = { kind: 'pending' };

const newType = (): TypeProgress => ({ acknowledged: new Map(), rejected: new Map() });

/** What every connected proxy has answered, by its id. */
export class ProgressBook {
  readonly #proxies = new Map<string, Progress>();

  /** `name` is the proxy as users know it. */
  published(id: string, name: string, snapshot: Snapshot): void {
    const known = this.#proxies.get(id);
    if (known === undefined) this.#proxies.set(id, new Progress(name, snapshot));
    else known.snapshot = snapshot;
  }

  acknowledged(id: string, type: XdsType, versions: ReadonlyMap<string, string>): void {
    const progress = this.#proxies.get(id)?.types[type];
    for (const [name, version] of versions) {
      progress?.acknowledged.set(name, version);
      progress?.rejected.delete(name);
    }
  }

  rejected(id: string, type: XdsType, versions: ReadonlyMap<string, string>, reason: string): void {
    const progress = this.#proxies.get(id)?.types[type];
    for (const [name, version] of versions) progress?.rejected.set(name, { version, reason });
  }

  removed(id: string, type: XdsType, names: Iterable<string>): void {
    const progress = this.#proxies.get(id)?.types[type];
    for (const name of names) {
      progress?.acknowledged.delete(name);
      progress?.rejected.delete(name);
    }
  }

  disconnected(id: string): void {
    this.#proxies.delete(id);
  }

  values(): Iterable<ProxyProgress> {
    return this.#proxies.values();
  }
}

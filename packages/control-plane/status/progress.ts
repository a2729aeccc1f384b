import { byType, type Snapshot, type XdsResource, type XdsType } from '@tulle/xds/resource';
import type { Delivery, ProxyProgress } from './tally.ts';

interface TypeProgress {
  /** Resource name ⇒ version. */
  readonly acknowledged: Map<string, string>;
  readonly rejected: Map<string, { readonly version: string; readonly reason: string }>;
}

/** What one connected proxy has been sent and has answered. */
class Progress implements Omit<ProxyProgress, 'snapshot'> {
  readonly name: string;
  /** Undefined: it waits for its turn. */
  snapshot: Snapshot | undefined;
  readonly types: Readonly<Record<XdsType, TypeProgress>> = byType(newType);

  constructor(name: string) {
    this.name = name;
  }

  delivery(type: XdsType, resource: XdsResource): Delivery {
    const { acknowledged, rejected } = this.types[type];
    const refusal = rejected.size === 0 ? undefined : rejected.get(resource.name);
    if (refusal?.version === resource.version) return { kind: 'rejected', reason: refusal.reason };
    return acknowledged.get(resource.name) === resource.version ? applied : pending;
  }
}

const isServed = (progress: Progress): progress is Progress & { readonly snapshot: Snapshot } =>
  progress.snapshot !== undefined;

const applied: Delivery = { kind: 'applied' };
const pending: Delivery = { kind: 'pending' };

const newType = (): TypeProgress => ({ acknowledged: new Map(), rejected: new Map() });

/** What every connected proxy has answered, by its id. */
export class ProgressBook {
  readonly #proxies = new Map<string, Progress>();

  /**
   * A new stream: what an earlier one has answered counts no longer. A proxy that comes back says what it has, maybe before
   * its snapshot is made.
   */
  connected(id: string): void {
    this.#proxies.set(id, new Progress(id));
  }

  /** What a connected proxy should have. */
  published(id: string, snapshot: Snapshot): void {
    const progress = this.#proxies.get(id);
    if (progress !== undefined) progress.snapshot = snapshot;
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

  /** Of proxies that are known to want something. */
  *values(): Iterable<ProxyProgress> {
    for (const progress of this.#proxies.values()) if (isServed(progress)) yield progress;
  }
}

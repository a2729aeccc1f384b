import type { Clock, Timer } from '@tulle/xds/clock';
import type { ProxyMetadata } from '@tulle/xds/node';
import { type InstanceName, type RegistrationSpec, type RegistrationStatus, specOf } from './registration.ts';

/** How long an instance whose stream was lost, or that nobody has heard of since the start, stays registered. */
export const graceMs = 30_000;

/** Durable registrations. Each call resolves when it is stored, and does nothing when nothing would change. */
export interface RegistrationWriter {
  put(name: InstanceName, spec: RegistrationSpec, status: RegistrationStatus): Promise<void>;
  /** Merges into the status; nothing when the registration is gone. */
  patchStatus(name: InstanceName, status: RegistrationStatus): Promise<void>;
  remove(name: InstanceName): Promise<void>;
  /** Whether whoever started the instance has said that it leaves. */
  isDraining(name: InstanceName): Promise<boolean>;
}

/**
 * One registration's life:
 * ```
 *   (none) ──opened──▶ held ──lost──▶ grace ──30 s──▶ (none)
 *                      │  ▲             │
 *                      │  └───opened────┘
 *                      ├──goodbye──▶ (none)
 *                      └──lost while it drains──▶ (none)
 * ```
 * A registration found in the store at start begins in `grace`. A proxy that opens a second stream is told
 * once more as opened; the end of its earlier stream is not told (the ADS server sees to that). An Envoy says no
 * goodbye: the end of its stream is one when its supervisor has taken it out of service before.
 */
interface Lease {
  held: boolean;
  /** Set in `grace`. */
  grace: Timer | undefined;
  /** Writes of one registration happen in order. */
  writes: Promise<void>;
}

/** All registrations’ lives, in memory and, by the writer, in the store. What the store refuses goes to `onError`. */
export class Leases {
  readonly #leases = new Map<string, Lease>();
  readonly #writer: RegistrationWriter;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  #closed = false;

  constructor(options: {
    readonly writer: RegistrationWriter;
    readonly clock: Clock;
    readonly onError: (error: unknown) => void;
  }) {
    this.#writer = options.writer;
    this.#clock = options.clock;
    this.#onError = options.onError;
  }

  /** (none) → grace: what an earlier control plane has stored. */
  adopt(name: InstanceName): void {
    this.#startGrace(name, this.#lease(name));
  }

  /** (none) | grace | held → held. Resolves when the registration is stored. */
  opened(nodeId: string, metadata: ProxyMetadata): Promise<void> {
    const name = nameOf(metadata);
    const lease = this.#lease(name);
    lease.held = true;
    lease.grace?.cancel();
    lease.grace = undefined;
    return this.#write(lease, () => this.#writer.put(name, specOf(nodeId, metadata), { connected: true }));
  }

  /** held → grace | (none). A stream that ends because this process ends changes nothing. */
  ended(metadata: ProxyMetadata, reason: 'goodbye' | 'lost'): void {
    const name = nameOf(metadata);
    const lease = this.#leases.get(keyOf(name));
    if (lease === undefined || this.#closed) return;
    lease.held = false;
    if (reason === 'goodbye') {
      this.#end(name, lease);
    } else {
      this.#startGrace(name, lease);
      void this.#write(lease, async () => {
        await this.#writer.patchStatus(name, { connected: false });
        if (!lease.held && (await this.#writer.isDraining(name))) this.#end(name, lease);
      });
    }
  }

  /** What the proxy says of its application. */
  reported(metadata: ProxyMetadata, healthy: boolean, message: string): void {
    const name = nameOf(metadata);
    const lease = this.#leases.get(keyOf(name));
    if (lease === undefined || this.#closed) return;
    void this.#write(lease, () => this.#writer.patchStatus(name, { ready: healthy, message }));
  }

  /** Nothing that streams do from now on counts: they end because we do. */
  freeze(): void {
    this.#closed = true;
    for (const lease of this.#leases.values()) lease.grace?.cancel();
  }

  /** Freezes, and waits for what is being written. */
  async close(): Promise<void> {
    this.freeze();
    await Promise.all([...this.#leases.values()].map((lease) => lease.writes));
  }

  #lease(name: InstanceName): Lease {
    const key = keyOf(name);
    const known = this.#leases.get(key);
    if (known !== undefined) return known;
    const lease: Lease = { held: false, grace: undefined, writes: Promise.resolve() };
    this.#leases.set(key, lease);
    return lease;
  }

  #startGrace(name: InstanceName, lease: Lease): void {
    lease.grace?.cancel();
    lease.grace = this.#clock.after(graceMs, () => this.#end(name, lease));
  }

  #end(name: InstanceName, lease: Lease): void {
    lease.grace?.cancel();
    lease.grace = undefined;
    void this.#write(lease, () => this.#writer.remove(name)).then(() => {
      const key = keyOf(name);
      const idle = !lease.held && lease.grace === undefined;
      if (idle && this.#leases.get(key) === lease) this.#leases.delete(key);
    });
  }

  #write(lease: Lease, write: () => Promise<void>): Promise<void> {
    lease.writes = lease.writes.then(write).catch(this.#onError);
    return lease.writes;
  }
}

function nameOf(metadata: ProxyMetadata): InstanceName {
  return { namespace: metadata.NAMESPACE, name: metadata.NAME };
}

const keyOf = ({ namespace, name }: InstanceName): string => `${namespace}/${name}`;

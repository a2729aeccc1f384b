import { byType, type Snapshot, type XdsResource, type XdsType, xdsTypes } from '../resource.ts';
import { endpointsOf } from './cluster-endpoints.ts';
import { plainReason } from './plain-reason.ts';
import { rejectedNames } from './rejected-names.ts';
import type { NackDetail, SessionRequest } from './request.ts';
import { type SessionResponse, versionOf } from './response.ts';
import { Subscription } from './subscription.ts';

/** What a request told us. */
export type SessionEvent =
  | {
      readonly kind: 'ack';
      readonly type: XdsType;
      readonly versions: ReadonlyMap<string, string>;
      readonly removed: readonly string[];
    }
  | {
      readonly kind: 'nack';
      readonly type: XdsType;
      readonly error: NackDetail;
      readonly rejected: ReadonlyMap<string, string>;
    };

export interface SessionLimits {
  /** A response is cut after the resource that passes this; the rest follows the acknowledgement. Bytes. */
  readonly maxResponseBytes: number;
  /** How long listeners and routes wait for a client to ask for a new cluster's endpoints. */
  readonly warmingMs: number;
  /** On a resumed stream removals wait this long after the last type has been subscribed to. */
  readonly resumeHoldMs: number;
}

export const defaultLimits: SessionLimits = {
  maxResponseBytes: 2 * 1024 * 1024,
  warmingMs: 2_000,
  resumeHoldMs: 1_000,
};

/**
 * One ADS stream, as a pure state machine: requests, snapshots and the time go in, events and responses
 * come out. It knows no transport; whoever drives it calls `next` whenever the transport can take more,
 * so at most one response per type is on its way and changes coalesce meanwhile.
 *
 * Make before break:
 * - additions: clusters → (their endpoints) → listeners → routes → virtual hosts; a later type waits while an earlier
 *   one has something unsent, and all from listeners on wait until new clusters have got their endpoints;
 * - a cluster that was sent gets its endpoints again, changed or not: Envoy waits for them;
 * - removals: listeners → routes → virtual hosts → clusters → endpoints, each after the client has acknowledged (not merely
 *   received, and not refused) what stopped using it.
 */
export class Session {
  readonly subscriptions: Readonly<Record<XdsType, Subscription>>;
  readonly #limits: SessionLimits;
  #snapshot: Snapshot | undefined;
  #nonce = 0;
  /** Endpoint resources of clusters that are new to the client ⇒ when we stop waiting for them. */
  readonly #warming = new Map<string, number>();
  #resumed = false;
  #lastFirstRequest = 0;

  constructor(limits: SessionLimits = defaultLimits) {
    this.#limits = limits;
    this.subscriptions = byType((type) => new Subscription(type));
  }

  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  setSnapshot(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    for (const name of this.#warming.keys()) if (!snapshot.endpoint.has(name)) this.#warming.delete(name);
  }

  /** @throws SessionError for what no sound client sends. */
  request(request: SessionRequest, now: number): SessionEvent[] {
    if (request.type === undefined) return [];
    const subscription = this.subscriptions[request.type];
    const first = !subscription.subscribed;
    const stale = request.nonce !== '' && request.nonce !== subscription.lastNonce;
    // A state-of-the-world client that had not seen our last response yet: it will write again.
    if (request.variant === 'sotw' && stale && !first) return [];
    const events = stale ? [] : this.#answer(subscription, request, now);
    if (request.variant === 'sotw') {
      subscription.changeToNames(
        request.subscribe,
        request.type === 'cluster' || request.type === 'listener',
      );
    } else subscription.changeByDelta(request);
    if (first) {
      this.#lastFirstRequest = now;
      if (subscription.acked.size > 0) {
        this.#resumed = true;
        events.push({ kind: 'ack', type: request.type, versions: new Map(subscription.acked), removed: [] });
      }
    }
    return events;
  }

  #answer(subscription: Subscription, request: SessionRequest, now: number): SessionEvent[] {
    const { pending, type } = subscription;
    if (pending === undefined || request.nonce !== pending.nonce) return [];
    if (request.error === undefined) {
      subscription.accept(pending);
      if (subscription.rejected.size === 0) subscription.nack = undefined;
      const [versions, removed] = split(pending.names);
      return [{ kind: 'ack', type, versions, removed }];
    }
    const names = rejectedNames(request.error.message, pending.names.keys());
    const error = { ...request.error, message: plainReason(request.error.message) };
    subscription.refuse(pending, names);
    const [versions] = split(pending.names);
    const rejected = new Map([...versions].filter(([name]) => names.has(name)));
    subscription.nack = { ...error, at: now, rejected };
    // A refused cluster will ask for no endpoints: nobody needs to wait for them.
    if (type === 'cluster') this.#stopWarming(rejected.keys());
    return [{ kind: 'nack', type, error, rejected }];
  }

  #stopWarming(clusters: Iterable<string>): void {
    for (const name of clusters) {
      const sent = this.subscriptions.cluster.sent.get(name);
      const endpoints = sent && 'bytes' in sent ? endpointsOf(sent) : null;
      if (endpoints !== null) this.#warming.delete(endpoints);
    }
  }

  /** The next response, if one may go now; it counts as sent. */
  next(now: number, variant: 'delta' | 'sotw' = 'delta'): SessionResponse | undefined {
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return undefined;
    for (const [name, deadline] of this.#warming) if (deadline <= now) this.#warming.delete(name);
    for (const type of xdsTypes) {
      const subscription = this.subscriptions[type];
      if (!subscription.subscribed || subscription.pending !== undefined) continue;
      const response = this.#respond(subscription, snapshot, now, variant);
      if (response !== undefined) return response;
    }
    return undefined;
  }

  #respond(
    subscription: Subscription,
    snapshot: Snapshot,
    now: number,
    variant: 'delta' | 'sotw',
  ): SessionResponse | undefined {
    const { type } = subscription;
    const diff = subscription.diff(snapshot[type]);
    const mayUpdate = this.#mayUpdate(type, snapshot);
    const updates = mayUpdate ? this.#cut(diff.updates, variant) : [];
    const complete = mayUpdate && updates.length === diff.updates.length;
    const removals =
      complete && diff.removals.length > 0 && this.#mayRemove(type, snapshot, now) ? diff.removals : [];
    const notices = complete || type !== 'virtualHost' ? diff.notices : [];
    const due = subscription.answerDue && mayUpdate;
    if (updates.length + removals.length + notices.length === 0 && !due) return undefined;
    const removed = [...removals, ...notices];
    const nonce = (++this.#nonce).toString(36);
    if (type === 'cluster') this.#startWarming(updates, snapshot, now);
    subscription.mark(nonce, now, updates, removed);
    if (type === 'endpoint') for (const { name } of updates) this.#warming.delete(name);
    if (variant === 'delta')
      return { variant, type, nonce, version: versionOf(updates, removed), resources: updates, removed };
    return this.#wholeState(subscription, nonce, updates);
  }

  /** State of the world: all listeners or clusters, also those whose removal waits; of the rest, what is new. */
  #wholeState(
    subscription: Subscription,
    nonce: string,
    updates: readonly XdsResource[],
  ): SessionResponse | undefined {
    const { type } = subscription;
    let resources = updates;
    if (type === 'cluster' || type === 'listener') {
      resources = [...subscription.sent.values()].filter((sent) => sent !== null && 'bytes' in sent);
    } else if (updates.length === 0) {
      // That an endpoint set or a route is gone cannot be said; nobody answers.
      subscription.pending = undefined;
      return undefined;
    }
    return { variant: 'sotw', type, nonce, version: versionOf(resources), resources, removed: [] };
  }

  #cut(updates: readonly XdsResource[], variant: 'delta' | 'sotw'): readonly XdsResource[] {
    if (variant === 'sotw') return updates;
    let bytes = 0;
    const end = updates.findIndex((resource) => {
      bytes += resource.bytes.length;
      return bytes > this.#limits.maxResponseBytes;
    });
    return end < 0 ? updates : updates.slice(0, Math.max(end, 1));
  }

  #startWarming(clusters: readonly XdsResource[], snapshot: Snapshot, now: number): void {
    const { cluster, endpoint } = this.subscriptions;
    for (const resource of clusters) {
      const name = endpointsOf(resource);
      const endpoints = name === null ? undefined : snapshot.endpoint.get(name);
      if (name === null || endpoints === undefined) continue;
      endpoint.sendAgain(name, endpoints.version);
      // Also where it has got them once: a client that had to drop the cluster has dropped its endpoints with it.
      if (!cluster.sent.get(resource.name)) this.#warming.set(name, now + this.#limits.warmingMs);
    }
  }

  #mayUpdate(type: XdsType, snapshot: Snapshot): boolean {
    if (type !== 'listener' && type !== 'route' && type !== 'virtualHost') return true;
    if (this.#unsent('cluster', snapshot) || this.#warming.size > 0) return false;
    if (type === 'listener') return true;
    return !this.#unsent('listener', snapshot) && (type === 'route' || !this.#unsent('route', snapshot));
  }

  #unsent(type: XdsType, snapshot: Snapshot): boolean {
    return this.subscriptions[type].diff(snapshot[type]).updates.length > 0;
  }

  #mayRemove(type: XdsType, snapshot: Snapshot, now: number): boolean {
    const settled = (user: XdsType): boolean => this.subscriptions[user].settled(snapshot[user]);
    if (type === 'listener' || type === 'workload') return true;
    if (now < this.#holdUntil()) return false;
    if (type === 'route') return settled('listener');
    const routed = settled('listener') && settled('route');
    if (type === 'virtualHost') return routed;
    if (type === 'cluster') return routed && settled('virtualHost');
    if (type === 'endpoint') return routed && settled('virtualHost') && settled('cluster');
    return settled('listener') && settled('cluster');
  }

  /** A resumed client names its types one after the other: what uses a cluster may be told a moment later. */
  #holdUntil(): number {
    return this.#resumed ? this.#lastFirstRequest + this.#limits.resumeHoldMs : 0;
  }

  /** When `next` may have something that it has not now, without a request or a snapshot; undefined: never. */
  wakeAt(now: number): number | undefined {
    const times = [...this.#warming.values(), this.#holdUntil()].filter((time) => time > now);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}

/** What was sent and what was removed. */
function split(
  names: ReadonlyMap<string, string | null>,
): [versions: Map<string, string>, removed: string[]] {
  const versions = new Map<string, string>();
  const removed: string[] = [];
  for (const [name, version] of names) {
    if (version === null) removed.push(name);
    else versions.set(name, version);
  }
  return [versions, removed];
}

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byType, collectionOf, type Snapshot, type XdsResource, type XdsType } from '../resource.ts';
import type { SessionRequest } from './request.ts';
import type { SessionResponse } from './response.ts';
import { edsCluster, request, resource, snapshotOf } from './session.fixture.ts';
import { defaultLimits, Session } from './session.ts';

/**
 * A client after the book, at the other end of a slow line: responses and requests wait in queues that a
 * random schedule moves. Whatever the schedule, a route or virtual host that the client holds always has its cluster and
 * the cluster its endpoints, and when all is quiet the client has what the snapshot says.
 *
 * A route's and a virtual host's version is `<n>><cluster>`, a listener's `<n>><route>`; `!` at the end means: refuse it.
 */
class Client {
  readonly has = byType(() => new Map<string, string>());
  /** Tables of which it was told that all of their virtual hosts are there. */
  readonly whole = new Set<string>();
  readonly #said = {
    endpoint: new Set<string>(),
    route: new Set<string>(),
    virtualHost: new Set<string>(),
  };
  #first = new Set<XdsType>();
  toServer: SessionRequest[] = [];

  connect(): void {
    this.toServer = [];
    this.#first = new Set(['cluster', 'endpoint', 'listener', 'route', 'virtualHost']);
    this.whole.clear();
    for (const said of Object.values(this.#said)) said.clear();
    for (const type of ['cluster', 'listener'] as const) {
      this.toServer.push(request(type, { subscribe: ['*'], initialVersions: new Map(this.has[type]) }));
    }
    this.#subscribe();
  }

  #wanted(type: Named): Set<string> {
    if (type === 'endpoint') return new Set(this.has.cluster.keys());
    if (type === 'virtualHost') return new Set(this.has.route.keys());
    return new Set([...this.has.listener.values()].map(target));
  }

  #subscribe(): void {
    for (const type of ['endpoint', 'route', 'virtualHost'] as const) {
      const wanted = this.#wanted(type);
      const said = this.#said[type];
      const subscribe = [...wanted].filter((name) => !said.has(name));
      const unsubscribe = [...said].filter((name) => !wanted.has(name));
      for (const name of [...this.has[type].keys()])
        if (!wanted.has(collectionOf(type, name) ?? name)) this.has[type].delete(name);
      if (subscribe.length + unsubscribe.length === 0) continue;
      for (const name of subscribe) said.add(name);
      for (const name of unsubscribe) {
        said.delete(name);
        if (type === 'virtualHost') this.whole.delete(name);
      }
      const initialVersions = this.#first.delete(type) ? new Map(this.has[type]) : new Map<string, string>();
      this.toServer.push(request(type, { subscribe, unsubscribe, initialVersions }));
    }
  }

  receive({ type, nonce, resources, removed }: SessionResponse): void {
    const refused: string[] = [];
    for (const { name, version } of resources) {
      if (version.endsWith('!')) refused.push(name);
      else if (
        type === 'cluster' ||
        type === 'listener' ||
        this.#said[type as Named].has(collectionOf(type, name) ?? name)
      ) {
        this.has[type].set(name, version);
      }
    }
    for (const name of removed) this.has[type].delete(name);
    if (type === 'virtualHost')
      for (const name of removed) if (this.#said[type].has(name)) this.whole.add(name);
    const error =
      refused.length === 0
        ? {}
        : { error: { code: 3, message: refused.map((name) => `${name}: bad`).join('; ') } };
    this.toServer.push(request(type, { nonce, ...error }));
    this.#subscribe();
  }

  check(): void {
    for (const [name, version] of [...this.has.route, ...this.has.virtualHost]) {
      const cluster = target(version);
      if (!this.has.cluster.has(cluster))
        throw new Error(`route ${name} points at ${cluster}, which is not there`);
      if (!this.has.endpoint.has(cluster))
        throw new Error(`route ${name} points at ${cluster}, which has no endpoints`);
    }
  }
}

type Named = 'endpoint' | 'route' | 'virtualHost';

const target = (version: string): string => version.replace(/^.*>/, '').replace('!', '');

interface Intent {
  readonly clusterVersions: readonly number[];
  readonly endpointVersion: number;
  readonly routes: readonly { readonly cluster: number; readonly bad: boolean }[];
  readonly listeners: readonly { readonly route: number; readonly bad: boolean }[];
  readonly hosts: readonly { readonly table: number; readonly cluster: number; readonly bad: boolean }[];
}

const clusterCount = 4;
const intent: fc.Arbitrary<Intent> = fc.record({
  clusterVersions: fc.array(fc.nat(3), { minLength: clusterCount, maxLength: clusterCount }),
  endpointVersion: fc.nat(3),
  routes: fc.array(fc.record({ cluster: fc.nat(clusterCount - 1), bad: fc.boolean() }), {
    minLength: 2,
    maxLength: 2,
  }),
  listeners: fc.array(fc.record({ route: fc.nat(1), bad: fc.boolean() }), { maxLength: 3 }),
  hosts: fc.array(fc.record({ table: fc.nat(1), cluster: fc.nat(clusterCount - 1), bad: fc.boolean() }), {
    maxLength: 5,
  }),
});

/** Consistent: every cluster that a route names is there, and no other. `refuse`: bad ones are meant. */
function snapshot(
  { clusterVersions, endpointVersion, routes, listeners, hosts }: Intent,
  refuse: boolean,
): Snapshot {
  const used = [...new Set([...routes, ...hosts].map(({ cluster }) => cluster))];
  const suffix = (bad: boolean): string => (bad && refuse ? '!' : '');
  const parts: Record<'cluster' | 'endpoint' | 'route' | 'virtualHost' | 'listener', XdsResource[]> = {
    cluster: used.map((c) => edsCluster(`c${c}`, String(clusterVersions[c]))),
    endpoint: used.map((c) => resource(`c${c}`, String(endpointVersion))),
    route: routes.map(({ cluster, bad }, i) => resource(`r${i}`, `1>c${cluster}${suffix(bad)}`)),
    virtualHost: hosts.map(({ table, cluster, bad }, i) =>
      resource(`r${table}/h${i}`, `1>c${cluster}${suffix(bad)}`, new Uint8Array(30)),
    ),
    listener: listeners.map(({ route, bad }, i) => resource(`l${i}`, `1>r${route}${suffix(bad)}`)),
  };
  return snapshotOf(parts);
}

type Step =
  | { readonly kind: 'snapshot'; readonly intent: Intent }
  | { readonly kind: 'push' | 'deliver' | 'receive' | 'reconnect' | 'wait' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: intent.map((value): Step => ({ kind: 'snapshot', intent: value })) },
  { weight: 5, arbitrary: fc.constant<Step>({ kind: 'push' }) },
  { weight: 8, arbitrary: fc.constant<Step>({ kind: 'deliver' }) },
  { weight: 6, arbitrary: fc.constant<Step>({ kind: 'receive' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'reconnect' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'wait' }) },
);

/** Two virtual hosts fill a response. */
const limits = { ...defaultLimits, maxResponseBytes: 60 };

class World {
  readonly client = new Client();
  session = new Session(limits);
  #toClient: SessionResponse[] = [];
  #now = 0;
  #snapshot: Snapshot;
  readonly #unanswered = new Map<XdsType, string>();

  constructor(first: Snapshot) {
    this.#snapshot = first;
    this.reconnect();
  }

  reconnect(): void {
    this.session = new Session(limits);
    this.session.setSnapshot(this.#snapshot);
    this.#toClient = [];
    this.#unanswered.clear();
    this.client.connect();
  }

  set(next: Snapshot): void {
    this.#snapshot = next;
    this.session.setSnapshot(next);
  }

  push(): boolean {
    const response = this.session.next(this.#now);
    if (response === undefined) return false;
    expect(this.#unanswered.has(response.type), 'two unanswered responses of one type').toBe(false);
    this.#unanswered.set(response.type, response.nonce);
    if (response.type === 'virtualHost') this.#checkWhole(response.removed);
    this.#toClient.push(response);
    return true;
  }

  /** That a table has all of its virtual hosts is said with the last of them. */
  #checkWhole(removed: readonly string[]): void {
    const { sent } = this.session.subscriptions.virtualHost;
    for (const { name, version } of this.#snapshot.virtualHost.values())
      if (removed.includes(collectionOf('virtualHost', name) as string))
        expect(sent.get(name)?.version, `${name} is sent`).toBe(version);
  }

  /** One response reaches the client. */
  deliver(): boolean {
    const response = this.#toClient.shift();
    if (response === undefined) return false;
    this.client.receive(response);
    this.client.check();
    return true;
  }

  /** One request reaches the server. */
  receive(): boolean {
    const next = this.client.toServer.shift();
    if (next === undefined) return false;
    if (next.type !== undefined && next.nonce === this.#unanswered.get(next.type))
      this.#unanswered.delete(next.type);
    this.session.request(next, this.#now);
    return true;
  }

  /** Time passes only when nothing is on the line: the time limits are for clients that do not answer. */
  wait(): void {
    if (this.#toClient.length + this.client.toServer.length === 0) this.#now += 1_500;
  }

  step(next: Step, refuse: boolean): void {
    if (next.kind === 'snapshot') this.set(snapshot(next.intent, refuse));
    else this[next.kind]();
  }

  settle(): void {
    for (let round = 0; round < 4; round++) {
      while (this.push() || this.deliver() || this.receive());
      this.wait();
    }
  }
}

const versions = (
  map: ReadonlyMap<string, XdsResource>,
  only: (name: string) => boolean = () => true,
): Map<string, string> =>
  new Map([...map].filter(([name]) => only(name)).map(([name, { version }]) => [name, version]));

const sorted = (map: ReadonlyMap<string, string>): [string, string][] => [...map].sort();

test('no schedule makes a route point at nothing, and in the end the client has the snapshot', () => {
  fc.assert(
    fc.property(intent, fc.array(step, { maxLength: 80 }), intent, (first, steps, last) => {
      const world = new World(snapshot(first, false));
      for (const next of steps) world.step(next, true);
      const final = snapshot(last, false);
      world.set(final);
      world.settle();
      const { has } = world.client;
      expect(sorted(has.cluster)).toEqual(sorted(versions(final.cluster)));
      expect(sorted(has.listener)).toEqual(sorted(versions(final.listener)));
      expect(sorted(has.endpoint)).toEqual(sorted(versions(final.endpoint)));
      const referenced = new Set([...has.listener.values()].map(target));
      expect(sorted(has.route)).toEqual(sorted(versions(final.route, (name) => referenced.has(name))));
      const isHeld = (name: string): boolean => has.route.has(collectionOf('virtualHost', name) as string);
      expect(sorted(has.virtualHost)).toEqual(sorted(versions(final.virtualHost, isHeld)));
      expect([...world.client.whole].sort()).toEqual([...has.route.keys()].sort());
    }),
    { numRuns: 400 },
  );
});

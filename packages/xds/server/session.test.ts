import { describe, expect, test } from 'vitest';
import type { Snapshot, XdsType } from '../resource.ts';
import type { SessionRequest } from './request.ts';
import type { SessionResponse } from './response.ts';
import { edsCluster, line, request, resource, snapshotOf } from './session.fixture.ts';
import { Session, type SessionEvent } from './session.ts';
import { SessionError } from './subscription.ts';

/** A session with its client's side in hand: responses are taken one by one, ACKed when the test says so. */
class Driver {
  readonly session = new Session({ maxResponseBytes: 1_000, warmingMs: 2_000, resumeHoldMs: 1_000 });
  now = 10_000;
  readonly unanswered = new Map<XdsType, SessionResponse>();

  set(parts: Parameters<typeof snapshotOf>[0]): Snapshot {
    const snapshot = snapshotOf(parts);
    this.session.setSnapshot(snapshot);
    return snapshot;
  }

  send(type: XdsType, parts: Partial<SessionRequest> = {}): SessionEvent[] {
    return this.session.request(request(type, parts), this.now);
  }

  /** Everything that may go now, one line each. */
  take(): string[] {
    const lines: string[] = [];
    for (let next = this.session.next(this.now); next !== undefined; next = this.session.next(this.now)) {
      this.unanswered.set(next.type, next);
      lines.push(line(next));
    }
    return lines;
  }

  answer(type: XdsType, error?: string): SessionEvent[] {
    const nonce = this.unanswered.get(type)?.nonce ?? '';
    this.unanswered.delete(type);
    return this.send(type, { nonce, ...(error === undefined ? {} : { error: { code: 3, message: error } }) });
  }

  answerAll(): void {
    for (const type of [...this.unanswered.keys()]) this.answer(type);
  }

  /** Takes and answers until nothing comes. */
  drain(): string[] {
    const lines: string[] = [];
    for (let some = this.take(); some.length > 0; some = this.take()) {
      lines.push(...some);
      this.answerAll();
    }
    return lines;
  }
}

describe('subscriptions', () => {
  test('without a snapshot nothing is said', () => {
    const driver = new Driver();
    driver.send('cluster');
    expect(driver.take()).toEqual([]);
  });

  test('a first request without names asks for everything; an explicit * does too', () => {
    for (const subscribe of [[], ['*']]) {
      const driver = new Driver();
      driver.set({ cluster: [resource('a'), resource('b')] });
      driver.send('cluster', { subscribe });
      expect(driver.take()).toEqual(['cluster +a@1 +b@1']);
    }
  });

  test('a new wildcard is answered even when there is nothing', () => {
    const driver = new Driver();
    driver.set({});
    driver.send('listener');
    expect(driver.take()).toEqual(['listener']);
    driver.answer('listener');
    expect(driver.take()).toEqual([]);
  });

  test('names: what is asked for, what is not there, what appears later, what goes', () => {
    const driver = new Driver();
    driver.set({ route: [resource('a'), resource('b')] });
    driver.send('route', { subscribe: ['a', 'none'] });
    expect(driver.drain()).toEqual(['route +a@1 -none']);
    driver.set({ route: [resource('a'), resource('b'), resource('none')] });
    expect(driver.drain()).toEqual(['route +none@1']);
    driver.send('route', { unsubscribe: ['none'], subscribe: ['b'] });
    driver.set({ route: [resource('a', '2'), resource('b'), resource('none', '2')] });
    expect(driver.drain()).toEqual(['route +a@2 +b@1']);
    driver.set({ route: [resource('b')] });
    expect(driver.drain()).toEqual(['route -a']);
  });

  test('asking for a name again sends it again', () => {
    const driver = new Driver();
    driver.set({ endpoint: [resource('a')] });
    driver.send('endpoint', { subscribe: ['a'] });
    expect(driver.drain()).toEqual(['endpoint +a@1']);
    driver.send('endpoint', { subscribe: ['a'] });
    expect(driver.drain()).toEqual(['endpoint +a@1']);
  });

  test('a name given up under a wildcard is told anew, as the client cannot know', () => {
    const driver = new Driver();
    driver.set({ cluster: [resource('a'), resource('b')] });
    driver.send('cluster', { subscribe: ['*', 'a', 'x'] });
    expect(driver.drain()).toEqual(['cluster +a@1 +b@1 -x']);
    driver.send('cluster', { unsubscribe: ['a', 'x'] });
    expect(driver.drain()).toEqual(['cluster +a@1 -x']);
  });

  test('giving up the wildcard keeps the names', () => {
    const driver = new Driver();
    driver.set({ cluster: [resource('a'), resource('b')] });
    driver.send('cluster', { subscribe: ['*', 'a'] });
    driver.drain();
    driver.send('cluster', { unsubscribe: ['*'] });
    driver.set({ cluster: [resource('a', '2'), resource('b', '2')] });
    expect(driver.drain()).toEqual(['cluster +a@2']);
  });

  test('a client that asks for endless names is refused', () => {
    const driver = new Driver();
    const many = Array.from({ length: 50_001 }, (_, i) => `n${i}`);
    expect(() => driver.send('route', { subscribe: many })).toThrow(SessionError);
    const sotw = request('route', { variant: 'sotw', subscribe: many });
    expect(() => new Session().request(sotw, 0)).toThrow(SessionError);
  });

  test('so is one that asks for few, without end', () => {
    const long = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(100_000));
    expect(() => new Driver().send('route', { subscribe: long })).toThrow(SessionError);
    const sotw = request('route', { variant: 'sotw', subscribe: long });
    expect(() => new Session().request(sotw, 0)).toThrow(SessionError);
  });

  test('and one that never answers, while it names others again and again', () => {
    const driver = new Driver();
    driver.set({ cluster: [resource('a')] });
    driver.send('cluster', { subscribe: ['*'] });
    driver.take();
    const name = (round: number) => Array.from({ length: 10_000 }, (_, i) => `n${round}-${i}`);
    const rounds = (count: number) => {
      for (let round = 0; round < count; round++)
        driver.send('cluster', { subscribe: name(round), unsubscribe: name(round) });
    };
    expect(() => rounds(6)).toThrow(SessionError);
  });
});

describe('answers', () => {
  test('nothing of a type goes while one is unanswered; changes coalesce', () => {
    const driver = new Driver();
    driver.set({ cluster: [resource('a')] });
    driver.send('cluster');
    expect(driver.take()).toEqual(['cluster +a@1']);
    driver.set({ cluster: [resource('a', '2'), resource('b')] });
    driver.set({ cluster: [resource('a', '3'), resource('b')] });
    expect(driver.take()).toEqual([]);
    driver.answer('cluster');
    expect(driver.take()).toEqual(['cluster +a@3 +b@1']);
  });

  test('a refused version is not sent again until it changes; what the message does not name is, without it', () => {
    const driver = new Driver();
    driver.set({ cluster: [resource('a'), resource('b')] });
    driver.send('cluster');
    driver.take();
    const error = { code: 3, message: 'Error adding/updating cluster(s) b: no port' };
    expect(driver.answer('cluster', error.message)).toEqual([
      { kind: 'nack', type: 'cluster', error, rejected: new Map([['b', '1']]) },
    ]);
    expect(driver.take()).toEqual(['cluster +a@1']);
    expect(driver.answer('cluster')).toEqual([
      { kind: 'ack', type: 'cluster', versions: new Map([['a', '1']]), removed: [] },
    ]);
    expect(driver.take()).toEqual([]);
    expect(driver.session.subscriptions.cluster.nack?.rejected).toEqual(new Map([['b', '1']]));
    driver.set({ cluster: [resource('a'), resource('b', '2')] });
    expect(driver.drain()).toEqual(['cluster +b@2']);
    expect(driver.session.subscriptions.cluster.nack).toBeUndefined();
  });

  test('a removal in a refused response is sent again; a client that refuses everything is left in peace', () => {
    const driver = new Driver();
    driver.set({ cluster: [resource('a'), resource('b')] });
    driver.send('cluster');
    driver.drain();
    driver.set({ cluster: [resource('a', '2')] });
    expect(driver.take()).toEqual(['cluster +a@2 -b']);
    driver.answer('cluster', 'a: no');
    expect(driver.take()).toEqual(['cluster -b']);
    driver.answer('cluster', 'I will not');
    expect(driver.take()).toEqual([]);
  });

  test('an answer to an old nonce says nothing about the current one, but its names count', () => {
    const driver = new Driver();
    driver.set({ route: [resource('a'), resource('b')] });
    driver.send('route', { subscribe: ['a'] });
    driver.take();
    expect(driver.send('route', { nonce: 'zz', subscribe: ['b'] })).toEqual([]);
    expect(driver.take()).toEqual([]);
    driver.answer('route');
    expect(driver.take()).toEqual(['route +b@1']);
  });

  test('a large answer is cut; the rest follows the acknowledgement, and later types wait for it', () => {
    const driver = new Driver();
    const big = (name: string) => resource(name, '1', new Uint8Array(600));
    driver.set({ cluster: [big('a'), big('b'), big('c')], listener: [resource('l')] });
    driver.send('cluster');
    driver.send('listener');
    expect(driver.take()).toEqual(['cluster +a@1']);
    driver.answer('cluster');
    expect(driver.take()).toEqual(['cluster +b@1']);
    driver.answer('cluster');
    expect(driver.take()).toEqual(['cluster +c@1', 'listener +l@1']);
  });
});

describe('resuming', () => {
  test('only differences are sent, removals included; what is kept is acknowledged', () => {
    const driver = new Driver();
    driver.set({ cluster: [resource('same'), resource('changed', '2'), resource('new')] });
    const events = driver.send('cluster', {
      initialVersions: new Map([
        ['same', '1'],
        ['changed', '1'],
        ['gone', '1'],
      ]),
    });
    expect(events[0]).toMatchObject({
      kind: 'ack',
      versions: new Map([
        ['same', '1'],
        ['changed', '1'],
        ['gone', '1'],
      ]),
    });
    expect(driver.drain()).toEqual(['cluster +changed@2 +new@1']);
    driver.now += 1_000;
    expect(driver.drain()).toEqual(['cluster -gone']);
  });

  test('nothing is said when nothing differs', () => {
    const driver = new Driver();
    driver.set({ cluster: [resource('a')], route: [resource('r')] });
    driver.send('cluster', { initialVersions: new Map([['a', '1']]) });
    driver.send('route', { subscribe: ['r'], initialVersions: new Map([['r', '1']]) });
    driver.now += 5_000;
    expect(driver.drain()).toEqual([]);
  });

  test('a cluster does not go before the routes that the client names a moment later have changed', () => {
    const driver = new Driver();
    driver.set({ cluster: [resource('new')], listener: [resource('l')], route: [resource('r', '2')] });
    driver.send('cluster', {
      initialVersions: new Map([
        ['old', '1'],
        ['new', '1'],
      ]),
    });
    driver.send('listener', { initialVersions: new Map([['l', '1']]) });
    expect(driver.take()).toEqual([]);
    driver.now += 500;
    driver.send('route', { subscribe: ['r'], initialVersions: new Map([['r', '1']]) });
    expect(driver.take()).toEqual(['route +r@2']);
    driver.now += 1_500;
    expect(driver.take()).toEqual([]);
    driver.answer('route');
    expect(driver.take()).toEqual(['cluster -old']);
  });
});

describe('make before break', () => {
  const first = {
    cluster: [edsCluster('a')],
    endpoint: [resource('a')],
    listener: [resource('l')],
    route: [resource('r')],
  };

  function started(): Driver {
    const driver = new Driver();
    driver.set(first);
    driver.send('cluster');
    driver.send('listener');
    expect(driver.take()).toEqual(['cluster +a@1']);
    driver.answer('cluster');
    driver.send('endpoint', { subscribe: ['a'] });
    expect(driver.take()).toEqual(['endpoint +a@1', 'listener +l@1']);
    driver.answerAll();
    driver.send('route', { subscribe: ['r'] });
    expect(driver.drain()).toEqual(['route +r@1']);
    return driver;
  }

  test('listeners wait for the endpoints of new clusters, and not for ever', () => {
    started();
    const driver = new Driver();
    driver.set(first);
    driver.send('cluster');
    driver.send('listener');
    driver.take();
    driver.answerAll();
    expect(driver.take()).toEqual([]);
    expect(driver.session.wakeAt(driver.now)).toBe(driver.now + 2_000);
    driver.now += 2_000;
    expect(driver.take()).toEqual(['listener +l@1']);
  });

  test('a route moves to a new cluster: cluster, endpoints, route; then the old cluster, then its endpoints', () => {
    const driver = started();
    driver.set({
      cluster: [edsCluster('b')],
      endpoint: [resource('b')],
      listener: first.listener,
      route: [resource('r', '2')],
    });
    expect(driver.take()).toEqual(['cluster +b@1']);
    driver.answer('cluster');
    expect(driver.take()).toEqual([]);
    driver.send('endpoint', { subscribe: ['b'] });
    expect(driver.take()).toEqual(['endpoint +b@1', 'route +r@2']);
    driver.answer('endpoint');
    expect(driver.take()).toEqual([]);
    driver.answer('route');
    expect(driver.take()).toEqual(['cluster -a']);
    driver.answer('cluster');
    expect(driver.take()).toEqual(['endpoint -a']);
  });

  test('a refused route keeps the clusters that the route before it uses', () => {
    const driver = started();
    driver.set({
      cluster: [resource('b')],
      endpoint: [],
      listener: first.listener,
      route: [resource('r', '2')],
    });
    expect(driver.take()).toEqual(['cluster +b@1', 'route +r@2']);
    driver.answer('cluster');
    driver.answer('route', 'no');
    driver.now += 60_000;
    expect(driver.take()).toEqual([]);
    driver.set({
      cluster: [resource('b')],
      endpoint: [],
      listener: first.listener,
      route: [resource('r', '3')],
    });
    expect(driver.drain()).toEqual(['route +r@3', 'cluster -a', 'endpoint -a']);
  });

  test('a cluster that is updated gets its endpoints again, though they are unchanged', () => {
    const driver = started();
    driver.set({ ...first, cluster: [edsCluster('a', '2')] });
    expect(driver.take()).toEqual(['cluster +a@2', 'endpoint +a@1']);
  });

  test('endpoints do not wait for anything', () => {
    const driver = started();
    driver.set({ ...first, cluster: [edsCluster('a', '2')] });
    driver.take();
    driver.answer('endpoint');
    driver.set({ ...first, cluster: [edsCluster('a', '3')], endpoint: [resource('a', '2')] });
    expect(driver.take()).toEqual(['endpoint +a@2']);
  });

  test('listeners go after what replaces them has been sent', () => {
    const driver = started();
    driver.set({
      ...first,
      cluster: [...first.cluster, edsCluster('b')],
      endpoint: [...first.endpoint, resource('b')],
      listener: [resource('m')],
    });
    expect(driver.take()).toEqual(['cluster +b@1']);
    driver.answerAll();
    driver.send('endpoint', { subscribe: ['b'] });
    expect(driver.take()).toEqual(['endpoint +b@1', 'listener +m@1 -l']);
  });
});

describe('state of the world', () => {
  const sotw = (type: XdsType, parts: Partial<SessionRequest> = {}) =>
    request(type, { variant: 'sotw', ...parts });

  test('whole sets of clusters and listeners; a cluster in use stays in the set until it is not', () => {
    const session = new Session();
    const take = () => {
      const response = session.next(0, 'sotw');
      return [line(response), response?.nonce ?? ''] as const;
    };
    session.setSnapshot(snapshotOf({ cluster: [resource('a')], route: [resource('r')] }));
    session.request(sotw('cluster'), 0);
    const [clusters, nonce1] = take();
    expect(clusters).toBe('cluster +a@1');
    session.request(sotw('cluster', { nonce: nonce1 }), 0);
    session.request(sotw('route', { subscribe: ['r'] }), 0);
    const [routes, nonce2] = take();
    expect(routes).toBe('route +r@1');
    session.request(sotw('route', { subscribe: ['r'], nonce: nonce2 }), 0);
    session.setSnapshot(snapshotOf({ cluster: [resource('b')], route: [resource('r', '2')] }));
    const [both, nonce3] = take();
    expect(both).toBe('cluster +a@1 +b@1');
    const [moved, nonce4] = take();
    expect(moved).toBe('route +r@2');
    session.request(sotw('cluster', { nonce: nonce3 }), 0);
    expect(take()[0]).toBe('');
    session.request(sotw('route', { subscribe: ['r'], nonce: nonce4 }), 0);
    expect(take()[0]).toBe('cluster +b@1');
  });

  test('a changed set of names brings what is new; a stale answer is not looked at', () => {
    const session = new Session();
    session.setSnapshot(snapshotOf({ endpoint: [resource('a'), resource('b')] }));
    session.request(sotw('endpoint', { subscribe: ['a'] }), 0);
    const nonce = session.next(0, 'sotw')?.nonce ?? '';
    session.request(sotw('endpoint', { subscribe: ['a', 'b'], nonce }), 0);
    expect(line(session.next(0, 'sotw'))).toBe('endpoint +b@1');
    session.request(sotw('endpoint', { subscribe: ['a'], nonce }), 0);
    expect(session.next(0, 'sotw')).toBeUndefined();
    expect([...session.subscriptions.endpoint.names]).toEqual(['a', 'b']);
  });
});

describe('virtual hosts', () => {
  const large = (name: string, version = '1') => resource(name, version, new Uint8Array(600));

  test('are subscribed to by their table; word that there is none of its name follows the last', () => {
    const driver = new Driver();
    driver.set({ virtualHost: [large('t/a'), large('t/b'), resource('other/a'), resource('t/x/a')] });
    driver.send('virtualHost', { subscribe: ['t'] });
    expect(driver.drain()).toEqual(['virtualHost +t/a@1', 'virtualHost +t/b@1 -t']);
    driver.set({ virtualHost: [large('t/a'), large('t/b', '2'), resource('other/a', '2')] });
    expect(driver.drain()).toEqual(['virtualHost +t/b@2']);
    driver.set({ virtualHost: [large('t/b', '2')] });
    expect(driver.drain()).toEqual(['virtualHost -t/a']);
  });

  test('of a table that has none, and of one that is asked for again', () => {
    const driver = new Driver();
    driver.set({ virtualHost: [resource('t/a')] });
    driver.send('virtualHost', { subscribe: ['none'] });
    expect(driver.drain()).toEqual(['virtualHost -none']);
    driver.send('virtualHost', { subscribe: ['t'] });
    expect(driver.drain()).toEqual(['virtualHost +t/a@1 -t']);
    driver.send('virtualHost', { subscribe: ['t'] });
    expect(driver.drain()).toEqual(['virtualHost +t/a@1 -t']);
    driver.send('virtualHost', { unsubscribe: ['t'] });
    driver.set({ virtualHost: [resource('t/a', '2')] });
    expect(driver.drain()).toEqual([]);
    expect(driver.session.subscriptions.virtualHost.sent).toEqual(new Map([['none', null]]));
  });

  test('that a client has from an earlier stream are not sent again', () => {
    const driver = new Driver();
    driver.set({ virtualHost: [resource('t/a'), resource('t/b', '2')] });
    const initialVersions = new Map([
      ['t/a', '1'],
      ['t/b', '1'],
      ['t/gone', '1'],
    ]);
    driver.send('virtualHost', { subscribe: ['t'], initialVersions });
    driver.now += 2_000;
    expect(driver.drain()).toEqual(['virtualHost +t/b@2 -t/gone -t']);
  });

  test('go before their clusters do', () => {
    const driver = new Driver();
    for (const type of ['cluster', 'listener'] as const) driver.send(type, { subscribe: ['*'] });
    driver.send('virtualHost', { subscribe: ['t'] });
    driver.set({ cluster: [resource('c'), resource('d')], virtualHost: [resource('t/a')] });
    driver.drain();
    driver.set({ cluster: [resource('d')] });
    expect(driver.take()).toEqual(['virtualHost -t/a']);
    driver.answerAll();
    expect(driver.drain()).toEqual(['cluster -c']);
  });

  test('only the one that is refused stays behind', () => {
    const driver = new Driver();
    driver.set({ virtualHost: [resource('t/a'), resource('t/b')] });
    driver.send('virtualHost', { subscribe: ['t'] });
    driver.take();
    const [event] = driver.answer('virtualHost', 't/a: no such thing');
    expect(event).toMatchObject({ kind: 'nack', rejected: new Map([['t/a', '1']]) });
    expect(driver.drain()).toEqual(['virtualHost +t/b@1 -t']);
  });
});

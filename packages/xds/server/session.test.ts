import { describe, expect, test } from 'vitest';
import { request, resource } from './session.fixture.ts';
import { Session } from './session.ts';
import { Driver } from './session-driver.fixture.ts';
import { SessionError } from './subscription.ts';

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

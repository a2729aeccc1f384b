import { describe, expect, test } from 'vitest';
import type { XdsType } from '../resource.ts';
import type { SessionRequest } from './request.ts';
import { line, request, resource, snapshotOf } from './session.fixture.ts';
import { Session } from './session.ts';

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

import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { endpoint } from '../../testing/tables.ts';
import { VirtualClock } from '../../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import { Breakers } from '../breakers.ts';
import type { ConnectCallbacks } from '../connector.ts';
import { EndpointState } from '../endpoint.ts';
import type { ClientConnection, ClientConnectionEvents } from './client-connection.ts';
import type { Lease, PoolProtocol } from './lease.ts';
import { HttpPool } from './pool.ts';
import type { PoolSettings } from './settings.ts';

/** A connection whose requests are counted, and ended by the test. */
class FakeConnection implements ClientConnection {
  active = 0;
  closed = false;
  readonly events: ClientConnectionEvents;
  /** 0: the peer has not said yet how many it takes. */
  limit: number;
  #leaving = false;

  constructor(limit: number, events: ClientConnectionEvents) {
    this.limit = limit;
    this.events = events;
  }

  get available(): number {
    return this.#leaving || this.closed ? 0 : Math.max(0, this.limit - this.active);
  }

  request(): never {
    this.active++;
    return undefined as never;
  }

  /** The peer's SETTINGS: so many streams. */
  settle(limit: number): void {
    this.limit = limit;
    this.events.onAvailable();
  }

  /** A request is over. */
  end(): void {
    this.active--;
    if (this.#leaving && this.active === 0) this.die();
    else if (this.available > 0) this.events.onAvailable();
  }

  /** The peer takes no more (GOAWAY), or we don't. */
  leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    if (this.limit > 1) this.events.onDraining();
    if (this.active === 0) this.die();
  }

  close(): void {
    this.leave();
  }

  die(): void {
    if (this.closed) return;
    this.closed = true;
    this.events.onClose();
  }
}

interface Setup {
  readonly limits?: Partial<Record<'connections' | 'pending', number>>;
  readonly settings?: Partial<PoolSettings>;
  readonly protocol?: PoolProtocol;
  readonly preface?: Buffer;
}

/** A pool whose connections are made, used and ended by the test. */
function pool({ limits = {}, settings = {}, protocol = 'http1', preface }: Setup = {}) {
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  const state = new EndpointState(endpoint(80));
  const breakers = new Breakers({ connections: 100, pending: 100, requests: 100, retries: 3, ...limits });
  const connecting: ConnectCallbacks[] = [];
  const open: FakeConnection[] = [];
  let empty = 0;
  let cancelled = 0;
  const made = new HttpPool({
    endpoint: state,
    tls: protocol === 'auto' ? ({} as never) : undefined,
    preface,
    protocol,
    settings: {
      connectTimeoutMs: 1000,
      idleTimeoutMs: 0,
      maxRequestsPerConnection: 0,
      maxConnectionDurationMs: 0,
      preconnectRatio: 1,
      http2: {},
      ...settings,
    },
    breakers,
    connector: (_target, _tls, _timeout, callbacks) => {
      connecting.push(callbacks);
      return () => cancelled++;
    },
    openCodec: (_socket, http2, events) => {
      const connection = new FakeConnection(http2 === undefined ? 1 : 0, events);
      open.push(connection);
      return connection;
    },
    wheel,
    onEmpty: () => empty++,
  });
  const socket = (alpnProtocol: string | false): Socket =>
    ({
      localAddress: '127.0.0.1',
      localPort: 1,
      alpnProtocol,
      getPeerX509Certificate() {},
      once() {},
    }) as unknown as Socket;
  const connected = (alpn: string | false = false): void => connecting.shift()?.onConnected(socket(alpn));
  const leases: Lease[] = [];
  const failures: string[] = [];
  const request = () =>
    made.request({
      onReady: (lease) => {
        leases.push(lease);
        lease.connection.request(undefined as never);
      },
      onFailed: (failure) => failures.push(failure),
    });
  const on = (at: number): number => open.indexOf(leases[at]?.connection as FakeConnection);
  return {
    pool: made,
    clock,
    state,
    breakers,
    connecting,
    open,
    connected,
    leases,
    on,
    failures,
    request,
    empty: () => empty,
    cancelled: () => cancelled,
  };
}

describe('a pool of HTTP/1.1', () => {
  it('connects for each that waits, and uses the last used connection first', () => {
    const { request, connecting, connected, on, open } = pool();
    request();
    request();
    expect(connecting.length).toBe(2);
    connected();
    connected();
    open[0]?.end();
    open[1]?.end();
    request();
    expect([on(0), on(1), on(2)]).toEqual([0, 1, 1]);
  });

  it('never offers a connection that died while idle', () => {
    const { request, connected, leases, open, connecting } = pool();
    request();
    connected();
    open[0]?.end();
    if (open[0] !== undefined) open[0].limit = 0;
    request();
    expect(leases.length).toBe(1);
    expect(open[0]?.closed).toBe(true);
    expect(connecting.length).toBe(1);
  });

  it('gives a connection that is free again to who waits', () => {
    const { request, connected, leases, open } = pool({ limits: { connections: 1 } });
    request();
    connected();
    request();
    expect(leases.length).toBe(1);
    open[0]?.end();
    expect(leases.length).toBe(2);
  });

  it('is bounded in connections and waiters, but always may have one connection', () => {
    const { request, connecting, failures, breakers } = pool({ limits: { connections: 0, pending: 2 } });
    request();
    request();
    request();
    expect(connecting.length).toBe(1);
    expect(failures).toEqual(['overflow']);
    expect(breakers.pending).toMatchObject({ value: 2, refused: 1 });
  });

  it('fails one waiter per failed connection, and tries for the others', () => {
    const { request, connecting, failures, state, connected, leases, breakers } = pool({
      limits: { connections: 1 },
    });
    request();
    request();
    connecting.shift()?.onFailed('refused', 'ECONNREFUSED');
    expect(failures).toEqual(['refused']);
    expect(state.counters.connectFailures).toBe(1);
    connected();
    expect(leases.length).toBe(1);
    expect(breakers.connections.value).toBe(1);
    expect(breakers.pending.value).toBe(0);
  });

  it('takes a request back while it waits, and keeps the connection for the next', () => {
    const { request, connected, leases, breakers, connecting, on } = pool();
    request()();
    expect(breakers.pending.value).toBe(0);
    connected();
    expect(leases).toEqual([]);
    request();
    expect([on(0), connecting.length]).toEqual([0, 0]);
  });

  it('closes connections that are idle for long, are old, or served enough', () => {
    const idle = pool({ settings: { idleTimeoutMs: 1000 } });
    idle.request();
    idle.connected();
    idle.open[0]?.end();
    idle.clock.advance(1100);
    expect(idle.open[0]?.closed).toBe(true);
    expect(idle.empty()).toBe(1);
    // For nobody but a client that may have left.
    const own = pool({ settings: { idleTimeoutMs: 3_600_000 }, preface: Buffer.from('PROXY …') });
    own.request();
    own.connected();
    own.open[0]?.end();
    own.clock.advance(5100);
    expect(own.open[0]?.closed).toBe(true);
    const worn = pool({ settings: { maxRequestsPerConnection: 1 } });
    worn.request();
    worn.connected();
    expect(worn.open[0]?.closed).toBe(false);
    worn.open[0]?.end();
    expect(worn.open[0]?.closed).toBe(true);
    const old = pool({ settings: { maxConnectionDurationMs: 1000 } });
    old.request();
    old.connected();
    old.clock.advance(1100);
    expect(old.open[0]?.closed).toBe(false);
    old.open[0]?.end();
    expect(old.open[0]?.closed).toBe(true);
  });

  it('drains: idle ones close, busy ones after their request', () => {
    const { request, connected, open, pool: made, breakers, empty } = pool();
    request();
    request();
    connected();
    connected();
    open[0]?.end();
    made.drain();
    expect(open.map(({ closed }) => closed)).toEqual([true, false]);
    open[1]?.end();
    expect(open[1]?.closed).toBe(true);
    expect(breakers.connections.value).toBe(0);
    expect(empty()).toBe(1);
  });

  it('gives everything back when it is destroyed', () => {
    const { request, connected, open, pool: made, failures, breakers, cancelled } = pool();
    request();
    connected();
    request();
    request();
    made.destroy();
    open[0]?.end();
    expect(failures).toEqual(['refused', 'refused']);
    expect(cancelled()).toBe(2);
    expect([breakers.connections.value, breakers.pending.value]).toEqual([0, 0]);
  });

  it('makes connections ahead', () => {
    const { request, connected, connecting } = pool({ settings: { preconnectRatio: 2 } });
    request();
    expect(connecting.length).toBe(2);
    connected();
    connected();
    expect(connecting.length).toBe(0);
    request();
    expect(connecting.length).toBe(2);
  });
});

describe('a pool of HTTP/2', () => {
  const http2 = (setup: Setup = {}) => pool({ protocol: 'http2', ...setup });

  it('sends all over one connection, none before the peer has said how many, and makes another when it is full', () => {
    const { request, connecting, connected, open, leases, on } = http2();
    for (let i = 0; i < 3; i++) request();
    expect(connecting.length).toBe(1);
    connected();
    expect(leases.length).toBe(0);
    open[0]?.settle(4);
    request();
    expect([leases.length, connecting.length]).toEqual([4, 0]);
    request();
    request();
    expect(connecting.length).toBe(1);
    connected();
    open[1]?.settle(4);
    expect([on(3), on(4), on(5)]).toEqual([0, 1, 1]);
  });

  it('makes more at once when the peer allows less than was hoped for', () => {
    const { request, connecting, connected, open, leases } = http2();
    for (let i = 0; i < 5; i++) request();
    connected();
    open[0]?.settle(2);
    expect([leases.length, connecting.length]).toEqual([2, 2]);
  });

  it('takes no new request to a connection that goes away; those under way end on it', () => {
    const { request, connecting, connected, open, on, breakers, state } = http2();
    request();
    connected();
    open[0]?.settle(10);
    open[0]?.leave();
    request();
    expect(connecting.length).toBe(1);
    connected();
    open[1]?.settle(10);
    expect([on(0), on(1)]).toEqual([0, 1]);
    expect(breakers.connections.value).toBe(2);
    open[0]?.end();
    expect([breakers.connections.value, state.counters.connections]).toEqual([1, 1]);
  });

  it('fails who waits when a connection ends before it took any request, and does not go on trying', () => {
    for (const how of ['leave', 'die'] as const) {
      const { request, connecting, connected, open, failures, state, empty } = http2();
      request();
      request();
      connected();
      open[0]?.[how]();
      expect([failures, connecting.length]).toEqual([['refused', 'refused'], 0]);
      expect([state.counters.connectFailures, empty()]).toEqual([1, 1]);
    }
  });

  it('fails all that wait for a connection with it', () => {
    const { request, connecting, failures } = http2();
    request();
    request();
    connecting.shift()?.onFailed('timeout', '');
    expect([failures, connecting.length]).toEqual([['timeout', 'timeout'], 0]);
  });

  it('is idle when its last request ends, and retires by number of requests', () => {
    const idle = http2({ settings: { idleTimeoutMs: 1000 } });
    idle.request();
    idle.request();
    idle.connected();
    idle.open[0]?.settle(10);
    idle.open[0]?.end();
    idle.clock.advance(1100);
    expect(idle.open[0]?.closed).toBe(false);
    idle.open[0]?.end();
    idle.clock.advance(1100);
    expect(idle.open[0]?.closed).toBe(true);
    const worn = http2({ settings: { maxRequestsPerConnection: 2 } });
    for (let i = 0; i < 3; i++) worn.request();
    worn.connected();
    worn.open[0]?.settle(10);
    expect([worn.leases.length, worn.connecting.length]).toEqual([2, 1]);
  });

  it('drains: waiters are still served', () => {
    const { request, connected, open, leases, pool: made } = http2();
    request();
    connected();
    made.drain();
    open[0]?.settle(10);
    expect([leases.length, open[0]?.closed]).toEqual([1, false]);
    open[0]?.end();
    expect(open[0]?.closed).toBe(true);
  });

  it('finds out by ALPN what it speaks: one connection for all, or one for each', () => {
    const h2 = pool({ protocol: 'auto' });
    h2.request();
    h2.request();
    expect(h2.connecting.length).toBe(1);
    h2.connected('h2');
    h2.open[0]?.settle(10);
    expect(h2.leases.length).toBe(2);
    const h1 = pool({ protocol: 'auto' });
    for (let i = 0; i < 3; i++) h1.request();
    h1.connected('http/1.1');
    expect([h1.leases.length, h1.connecting.length]).toEqual([1, 2]);
  });
});

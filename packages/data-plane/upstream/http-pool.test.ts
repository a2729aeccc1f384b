import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { endpoint } from '../testing/tables.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { Breakers } from './breakers.ts';
import type { ConnectCallbacks } from './connector.ts';
import { EndpointState } from './endpoint.ts';
import { type ClientConnectionEvents, HttpPool, type Lease } from './http-pool.ts';

/** A pool whose connections are made, used and ended by the test. */
function pool(
  limits: Partial<Record<'connections' | 'pending', number>> = {},
  more: { idleTimeoutMs?: number; maxRequestsPerConnection?: number } = {},
) {
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  const state = new EndpointState(endpoint(80));
  const breakers = new Breakers({ connections: 100, pending: 100, requests: 100, retries: 3, ...limits });
  const connecting: ConnectCallbacks[] = [];
  const open: { reusable: boolean; closed: boolean; readonly events: ClientConnectionEvents }[] = [];
  let empty = 0;
  let cancelled = 0;
  const made = new HttpPool({
    endpoint: state,
    transport: { key: 'raw', highKey: 'high/raw', tls: undefined },
    breakers,
    connectTimeoutMs: 1000,
    idleTimeoutMs: more.idleTimeoutMs ?? 0,
    maxRequestsPerConnection: more.maxRequestsPerConnection ?? 0,
    connector: (_target, _tls, _timeout, callbacks) => {
      connecting.push(callbacks);
      return () => cancelled++;
    },
    openCodec: (_socket, events) => {
      const connection = {
        reusable: true,
        closed: false,
        events,
        request: () => {
          throw new Error('not in this test');
        },
        close() {
          if (this.closed) return;
          this.closed = true;
          this.reusable = false;
          events.onClose();
        },
      };
      open.push(connection);
      return connection;
    },
    wheel,
    onEmpty: () => empty++,
  });
  const connected = (): void =>
    connecting.shift()?.onConnected({ localAddress: '127.0.0.1', localPort: 1 } as Socket);
  const leases: Lease[] = [];
  const failures: string[] = [];
  const request = () =>
    made.request({ onReady: (lease) => leases.push(lease), onFailed: (failure) => failures.push(failure) });
  return {
    pool: made,
    clock,
    wheel,
    state,
    breakers,
    connecting,
    open,
    connected,
    leases,
    failures,
    request,
    empty: () => empty,
    cancelled: () => cancelled,
  };
}

describe('an HTTP pool', () => {
  it('connects for each that waits, and uses the last used connection first', () => {
    const { request, connecting, connected, leases, open } = pool();
    request();
    request();
    expect(connecting.length).toBe(2);
    connected();
    connected();
    expect(leases.map(({ reused }) => reused)).toEqual([false, false]);
    open[0]?.events.onIdle();
    open[1]?.events.onIdle();
    request();
    expect(leases[2]?.connection).toBe(open[1]);
    expect(leases[2]?.reused).toBe(true);
  });

  it('never offers a connection that died while idle', () => {
    const { request, connected, leases, open, connecting } = pool();
    request();
    connected();
    open[0]?.events.onIdle();
    if (open[0] !== undefined) open[0].reusable = false;
    request();
    expect(leases.length).toBe(1);
    expect(open[0]?.closed).toBe(true);
    expect(connecting.length).toBe(1);
  });

  it('gives a connection that is free again to who waits', () => {
    const { request, connected, leases, open } = pool({ connections: 1 });
    request();
    connected();
    request();
    expect(leases.length).toBe(1);
    open[0]?.events.onIdle();
    expect(leases.length).toBe(2);
  });

  it('is bounded in connections and waiters, but always may have one connection', () => {
    const { request, connecting, failures, breakers } = pool({ connections: 0, pending: 2 });
    request();
    request();
    request();
    expect(connecting.length).toBe(1);
    expect(failures).toEqual(['overflow']);
    expect(breakers.pending).toMatchObject({ value: 2, refused: 1 });
  });

  it('fails one waiter per failed connection, and tries for the others', () => {
    const { request, connecting, failures, state, connected, leases, breakers } = pool({ connections: 1 });
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
    const { request, connected, leases, breakers, pool: made } = pool();
    request()();
    expect(breakers.pending.value).toBe(0);
    connected();
    expect(leases).toEqual([]);
    expect(made.idle).toBe(1);
  });

  it('closes connections that are idle for long, or served enough', () => {
    const idle = pool({}, { idleTimeoutMs: 1000 });
    idle.request();
    idle.connected();
    idle.open[0]?.events.onIdle();
    idle.clock.advance(1100);
    expect(idle.open[0]?.closed).toBe(true);
    expect(idle.empty()).toBe(1);
    const worn = pool({}, { maxRequestsPerConnection: 1 });
    worn.request();
    worn.connected();
    worn.open[0]?.events.onIdle();
    expect(worn.open[0]?.closed).toBe(true);
  });

  it('drains: idle ones close, busy ones after their request', () => {
    const { request, connected, open, pool: made, breakers, empty } = pool();
    request();
    request();
    connected();
    connected();
    open[0]?.events.onIdle();
    made.drain();
    expect(open.map(({ closed }) => closed)).toEqual([true, false]);
    open[1]?.events.onIdle();
    expect(open[1]?.closed).toBe(true);
    expect(breakers.connections.value).toBe(0);
    expect(empty()).toBe(1);
  });

  it('gives everything back when it is destroyed', () => {
    const { request, connected, pool: made, failures, breakers, cancelled } = pool();
    request();
    connected();
    request();
    request();
    made.destroy();
    expect(failures).toEqual(['refused', 'refused']);
    expect(cancelled()).toBe(2);
    expect([breakers.connections.value, breakers.pending.value]).toEqual([0, 0]);
  });
});

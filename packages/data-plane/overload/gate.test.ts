import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { Gate } from './gate.ts';

function gate(options: { readonly maxConnections?: number } = {}) {
  const clock = new VirtualClock();
  const heap = { used: 10, limit: 100 };
  const made = new Gate({ wheel: new TimerWheel({ clock }), readHeap: () => heap, ...options });
  return { gate: made, heap, clock };
}

/** A client as far as it is turned away. */
class Client extends EventEmitter {
  readonly remoteAddress = '192.0.2.1';
  told = '';
  reset = false;

  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  resume(): void {}

  end(bytes: Buffer): void {
    this.told = bytes.toString();
  }

  resetAndDestroy(): void {
    this.reset = true;
    this.emit('close');
  }
}

describe('a gate', () => {
  it('lets in as many as there is room for', () => {
    const { gate: door } = gate({ maxConnections: 2 });
    expect([door.enter(), door.enter(), door.enter()]).toEqual([true, true, false]);
    expect([door.inside, door.turnedAway]).toEqual([2, 1]);
    door.leave();
    expect(door.enter()).toBe(true);
  });

  it('near the limit of the heap takes no connections, nearer no requests, and all again after', () => {
    const { gate: door, heap, clock } = gate();
    door.enter();
    const at = (used: number): [boolean, boolean] => {
      heap.used = used;
      clock.advance(600);
      return [door.heap?.refusesConnections === true, door.refusesRequests];
    };
    expect(at(89)).toEqual([false, false]);
    expect(at(90)).toEqual([true, false]);
    expect(door.enter()).toBe(false);
    expect(at(95)).toEqual([true, true]);
    // The last one has left; it looks on for those who are turned away.
    door.leave();
    expect(at(50)).toEqual([false, false]);
    expect(door.enter()).toBe(true);
  });

  it('tells 32 at a time, for a second each; more are reset without a word', () => {
    const { gate: door, clock } = gate();
    const clients = Array.from({ length: 33 }, () => new Client());
    for (const client of clients) door.turnAway(client.asSocket, true);
    expect(clients.filter(({ told }) => told.startsWith('HTTP/1.1 503 '))).toHaveLength(32);
    expect([clients[32]?.told, clients[32]?.reset]).toEqual(['', true]);
    // One leaves: the next is told again.
    clients[0]?.emit('close');
    const next = new Client();
    door.turnAway(next.asSocket, true);
    expect(next.told).toContain('x-envoy-overloaded');
    // The others read nothing.
    clock.advance(900);
    expect(next.reset).toBe(false);
    clock.advance(200);
    expect([clients[1]?.reset, next.reset]).toEqual([true, true]);
  });

  it('resets who speaks no HTTP', () => {
    const client = new Client();
    gate().gate.turnAway(client.asSocket, false);
    expect([client.told, client.reset]).toEqual(['', true]);
  });

  it('that is empty and calm looks at nothing', () => {
    const { gate: door, clock, heap } = gate();
    door.enter();
    door.leave();
    clock.advance(600);
    heap.used = 99;
    clock.advance(5_000);
    expect(door.heap?.share).toBe(0.1);
  });
});

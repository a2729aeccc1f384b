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

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { Gauge } from '../upstream/breakers.ts';
import { PermitBook, type PermitMessage } from './permit-book.ts';
import type { ToParent, WorkerId } from './protocol.ts';
import { PermitDesk } from './shared-permits.ts';

type Delivery = () => void;

/** Workers and a book whose messages wait until they are delivered, in order per direction and worker. */
function office(workers: number, limit: number) {
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  const lanes = new Map<string, Delivery[]>();
  const post = (lane: string, delivery: Delivery): void => {
    const queue = lanes.get(lane) ?? [];
    lanes.set(lane, queue);
    queue.push(delivery);
  };
  const desks = new Map<WorkerId, PermitDesk>();
  const book = new PermitBook((worker, message: PermitMessage) =>
    post(`to ${worker}`, () => desks.get(worker)?.receive(message)),
  );
  const take = (worker: WorkerId, message: ToParent): void => {
    switch (message.kind) {
      case 'ask':
        book.ask(worker, message.budget, message.limit, message.count);
        break;
      case 'want':
        book.want(worker, message.budget, message.limit);
        break;
      case 'give':
        book.give(worker, message.budget, message.count, message.answer);
        break;
      case 'hold':
        book.hold(worker, message.budget, message.limit, message.count);
        break;
    }
  };
  const hire = (name: WorkerId): Gauge => {
    const desk = new PermitDesk(wheel, 1_000, (message) => post(`from ${name}`, () => take(name, message)));
    desks.set(name, desk);
    return new Gauge(limit, (gauge) => desk.open('b', gauge));
  };
  const gauges = Array.from({ length: workers }, (_, at) => hire(`0.${at}`));
  /** Delivers one message of some lane; false: there is none. */
  const deliver = (choice = 0): boolean => {
    const busy = [...lanes.values()].filter((queue) => queue.length > 0);
    const queue = busy[choice % Math.max(1, busy.length)];
    queue?.shift()?.();
    return queue !== undefined;
  };
  return {
    gauges,
    clock,
    deliver,
    settle(): void {
      while (deliver());
    },
    kill(at: number): void {
      const name: WorkerId = `0.${at}`;
      lanes.delete(`from ${name}`);
      lanes.delete(`to ${name}`);
      desks.delete(name);
      book.ended(name);
    },
  };
}

/** Takes one, asking where there is none; the outcome is pushed when it is known. */
function want(gauge: Gauge, outcomes: boolean[]): void {
  if (gauge.take()) outcomes.push(true);
  else if (gauge.ask((taken) => outcomes.push(taken)) === undefined) outcomes.push(false);
}

/** As a pool of connections uses them: what has served stays idle, until somebody waits for it. */
class Waiters {
  waiting = 0;
  busy = 0;
  idle = 0;
  readonly #gauge: Gauge;

  constructor(gauge: Gauge) {
    this.#gauge = gauge;
    gauge.onWanted = () => {
      if (this.idle === 0) return false;
      this.idle--;
      gauge.release();
      return true;
    };
  }

  wait(): void {
    this.waiting++;
    this.#serve();
  }

  /** One is done with what it uses: the next who waits here has it, or it is idle. */
  finish(): void {
    if (this.busy === 0) return;
    this.busy--;
    if (this.waiting > 0) {
      this.waiting--;
      this.busy++;
    } else if (this.#gauge.wanted) this.#gauge.release();
    else this.idle++;
  }

  readonly #serve = (): void => {
    for (; this.waiting > 0; this.waiting--, this.busy++) {
      if (this.idle > 0) this.idle--;
      else if (!this.#gauge.take()) {
        this.#gauge.want(this.#serve);
        return;
      }
    }
  };
}

describe('permits of two workers', () => {
  it('of max 1, one has it: the other is refused while it is used, and gets it when it is not', () => {
    const { gauges, settle } = office(2, 1);
    const [a, b] = gauges as [Gauge, Gauge];
    const outcomes: boolean[] = [];
    want(a, outcomes);
    settle();
    want(b, outcomes);
    settle();
    expect(outcomes).toEqual([true, false]);
    expect(b.refused).toBe(1);
    a.release();
    want(b, outcomes);
    settle();
    expect(outcomes).toEqual([true, false, true]);
    expect([a.value, b.value, a.allowance + b.allowance]).toEqual([0, 1, 1]);
  });

  it('lends in lots: most requests need no message', () => {
    const { gauges, settle, deliver } = office(2, 160);
    const outcomes: boolean[] = [];
    want(gauges[0] as Gauge, outcomes);
    settle();
    for (let more = 0; more < 9; more++) want(gauges[0] as Gauge, outcomes);
    expect(outcomes).toEqual(Array(10).fill(true));
    expect(deliver()).toBe(false);
  });

  it('of one that is gone are free again', () => {
    const { gauges, settle, kill } = office(2, 1);
    const outcomes: boolean[] = [];
    want(gauges[0] as Gauge, outcomes);
    settle();
    kill(0);
    want(gauges[1] as Gauge, outcomes);
    settle();
    expect(outcomes).toEqual([true, true]);
  });

  it('are no longer waited for, nor lent, when who had or awaited them is gone', () => {
    const { gauges, settle, kill } = office(3, 1);
    const [a, b, c] = gauges as [Gauge, Gauge, Gauge];
    want(a, []);
    settle();
    b.want(() => {});
    settle();
    kill(1);
    a.release();
    settle();
    const outcomes: boolean[] = [];
    want(c, outcomes);
    settle();
    expect(outcomes).toEqual([true]);
  });

  it('asked for while a limit falls: who is gone owes no answer', () => {
    const { gauges, settle, deliver, kill } = office(3, 2);
    const [a, b, c] = gauges as [Gauge, Gauge, Gauge];
    want(a, []);
    settle();
    want(c, []);
    settle();
    b.limit = 1;
    settle();
    const outcomes: boolean[] = [];
    want(b, outcomes);
    // The question has come, and both who have one are asked.
    deliver();
    kill(0);
    settle();
    expect(outcomes).toEqual([false]);
  });

  it('granted to a cluster that is gone are given back', () => {
    const { gauges, settle } = office(2, 1);
    const [a, b] = gauges as [Gauge, Gauge];
    want(a, []);
    a.close();
    settle();
    const outcomes: boolean[] = [];
    want(b, outcomes);
    settle();
    expect(outcomes).toEqual([true]);
  });

  it('go to who can wait, when one in use is given up or released', () => {
    const { gauges, settle } = office(2, 1);
    const [a, b] = gauges as [Gauge, Gauge];
    want(a, []);
    settle();
    let again = 0;
    b.want(() => again++);
    settle();
    expect([again, b.allowance, a.wanted]).toEqual([0, 0, true]);
    a.release();
    settle();
    expect([again, a.allowance, b.allowance, a.wanted]).toEqual([1, 0, 1, false]);
    expect(b.take()).toBe(true);
    // What it uses is idle.
    b.onWanted = () => {
      b.release();
      return true;
    };
    a.want(() => again++);
    settle();
    expect([again, a.allowance, b.allowance]).toEqual([2, 1, 0]);
  });

  it('are refused when a parent says nothing for a second', () => {
    const { gauges, clock } = office(1, 1);
    const outcomes: boolean[] = [];
    want(gauges[0] as Gauge, outcomes);
    clock.advance(1_100);
    expect(outcomes).toEqual([false]);
  });

  it('that limit nothing are not shared, and cost no message', () => {
    const { gauges, deliver } = office(2, 2 ** 32 - 1);
    expect(gauges[0]?.take()).toBe(true);
    expect(deliver()).toBe(false);
  });

  it('never exceed the limit, and everyone who asked is answered, whatever the order of messages', () => {
    const step = fc.record({
      worker: fc.nat(2),
      act: fc.constantFrom('take', 'take', 'release', 'deliver', 'deliver', 'kill'),
      choice: fc.nat(7),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.array(step, { maxLength: 120 }), (limit, steps) => {
        const { gauges, deliver, settle, kill } = office(3, limit);
        const alive = new Set([0, 1, 2]);
        const outcomes: boolean[] = [];
        let asked = 0;
        for (const { worker, act, choice } of steps) {
          const gauge = gauges[worker] as Gauge;
          if (act === 'deliver') deliver(choice);
          else if (!alive.has(worker)) continue;
          else if (act === 'take') {
            asked++;
            want(gauge, outcomes);
          } else if (act === 'release') {
            if (gauge.value > 0) gauge.release();
          } else if (alive.size > 1 && choice === 0) {
            alive.delete(worker);
            kill(worker);
          }
          const held = [...alive].map((at) => (gauges[at] as Gauge).allowance);
          expect(held.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(limit);
          for (const at of alive)
            expect((gauges[at] as Gauge).value).toBeLessThanOrEqual((gauges[at] as Gauge).allowance);
        }
        settle();
        if (alive.size === 3) expect(outcomes.length).toBe(asked);
        // What is left at the end may be had by anyone.
        const last = gauges[[...alive][0] as number] as Gauge;
        const before = [...alive].reduce((sum, at) => sum + (gauges[at] as Gauge).value, 0);
        const rest: boolean[] = [];
        for (let more = before; more < limit; more++) {
          want(last, rest);
          settle();
        }
        expect(rest).toEqual(Array(limit - before).fill(true));
      }),
      { numRuns: 300, seed: 4 },
    );
  });

  it('come to everyone who can wait, whatever the order of messages', () => {
    const step = fc.record({
      worker: fc.nat(2),
      act: fc.constantFrom('wait', 'wait', 'finish', 'deliver', 'deliver', 'deliver'),
      choice: fc.nat(7),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (limit, steps) => {
        const { gauges, deliver, settle } = office(3, limit);
        const pools = gauges.map((gauge) => new Waiters(gauge));
        for (const { worker, act, choice } of steps) {
          const pool = pools[worker] as Waiters;
          if (act === 'wait') pool.wait();
          else if (act === 'finish') pool.finish();
          else deliver(choice);
          const used = gauges.reduce((sum, { value }) => sum + value, 0);
          expect(used).toBeLessThanOrEqual(limit);
        }
        settle();
        while (pools.some((pool) => pool.busy > 0)) {
          for (const pool of pools) while (pool.busy > 0) pool.finish();
          settle();
        }
        expect(pools.map(({ waiting }) => waiting)).toEqual([0, 0, 0]);
      }),
      { numRuns: 1_000, seed: 5 },
    );
  });
});

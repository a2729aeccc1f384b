import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import type { ToParent } from './protocol.ts';
import { TokenDesk } from './shared-tokens.ts';
import { TokenBook, type TokenMessage } from './token-book.ts';

const settings = { maxTokens: 32, tokensPerFill: 32, fillIntervalMs: 1_000 };

/** Workers whose messages travel when `deliver` is called. */
function mesh(count: number) {
  const clock = new VirtualClock();
  const wheel = new TimerWheel({ clock });
  const post: (() => void)[] = [];
  const desks: TokenDesk[] = [];
  const book = new TokenBook(
    (worker, message: TokenMessage) => post.push(() => desks[Number(worker.split('.')[1])]?.receive(message)),
    () => clock.now(),
  );
  for (let slot = 0; slot < count; slot++)
    desks.push(
      new TokenDesk(wheel, 1_000, (message: ToParent) =>
        post.push(() => {
          if (message.kind === 'draw')
            book.draw(`0.${slot}`, message.bucket, message.settings, message.count);
          if (message.kind === 'refund') book.refund(message.bucket, message.count);
        }),
      ),
    );
  const deliver = (): void => {
    while (post.length > 0) post.shift()?.();
  };
  let admitted = 0;
  /** A request at a worker. */
  const request = (slot: number): void => {
    const budget = desks[slot]?.open('limit', settings);
    if (budget === undefined) return;
    if (budget.take(clock.now())) admitted++;
    else
      budget.ask?.(clock.now(), (taken) => {
        if (taken) admitted++;
      });
  };
  return { clock, desks, deliver, request, admitted: () => admitted };
}

test('workers take from one bucket', () => {
  const { request, deliver, admitted, clock } = mesh(2);
  for (let i = 0; i < 40; i++) {
    request(i % 2);
    deliver();
  }
  // Lots are at most 1/16 of 32: two tokens may be at the other worker.
  expect(admitted()).toBeGreaterThanOrEqual(30);
  expect(admitted()).toBeLessThanOrEqual(32);
  // What one has not used goes back.
  clock.advance(200);
  deliver();
  for (let i = 0; i < 40; i++) {
    request(0);
    deliver();
  }
  expect(admitted()).toBeGreaterThanOrEqual(32 + 6);
  expect(admitted()).toBeLessThanOrEqual(32 + 7);
});

test('the bucket that was used longest ago is forgotten, where there are too many', () => {
  const drawn: number[] = [];
  const book = new TokenBook(
    (_, { count }) => drawn.push(count),
    () => 0,
  );
  const draw = (bucket: string): number | undefined => {
    book.draw('0.0', bucket, settings, 32);
    return drawn.at(-1);
  };
  expect([draw('early'), draw('used'), draw('early'), draw('used')]).toEqual([32, 32, 0, 0]);
  for (let other = 0; other < 49_998; other++) draw(`${other}`);
  draw('used');
  draw('one too many');
  expect([draw('used'), draw('early')]).toEqual([0, 32]);
});

test('one worker alone gets all of it', () => {
  const { request, deliver, admitted } = mesh(3);
  for (let i = 0; i < 100; i++) {
    request(1);
    deliver();
  }
  expect(admitted()).toBe(32);
});

test('requests that wait are answered, whoever gives up meanwhile; a parent that is silent refuses', () => {
  const { desks, clock, deliver } = mesh(1);
  const budget = desks[0]?.open('limit', settings);
  const answers: boolean[] = [];
  const cancel = budget?.ask?.(0, (taken) => answers.push(taken));
  budget?.ask?.(0, (taken) => answers.push(taken));
  cancel?.();
  clock.advance(1_100);
  expect(answers).toEqual([false]);
  deliver();
  expect(budget?.take(clock.now())).toBe(true);
});

test('together they never take more than the bucket has', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ slot: fc.nat({ max: 2 }), ms: fc.nat({ max: 120 }), deliver: fc.boolean() }), {
        maxLength: 300,
      }),
      (steps) => {
        const { clock, request, deliver, admitted } = mesh(3);
        for (const { slot, ms, deliver: now } of steps) {
          clock.advance(ms);
          request(slot);
          if (now) deliver();
          expect(admitted()).toBeLessThanOrEqual(32 + (clock.now() * 32) / 1_000);
        }
        deliver();
        expect(admitted()).toBeLessThanOrEqual(32 + (clock.now() * 32) / 1_000);
      },
    ),
  );
});

import { expect, test } from 'vitest';
import { Breakers, type Gauge, type SharedPermits } from '../upstream/breakers.ts';
import { Admission } from './admission.ts';

const one = { connections: 1, pending: 1, requests: 1, retries: 1 };

/** Breakers of a worker whose questions the test answers. */
function shared() {
  const asked: ((taken: boolean) => void)[] = [];
  let unasked = 0;
  const share = (_name: string, _gauge: Gauge): SharedPermits => ({
    limitChanged: () => {},
    ask: (onAnswer) => {
      asked.push(onAnswer);
      return () => unasked++;
    },
    want: () => {},
    released: () => {},
    close: () => {},
  });
  return { breakers: new Breakers(one, share), asked, unasked: () => unasked };
}

test('a place is held until the request leaves, and given back once', () => {
  const breakers = new Breakers(one);
  const [first, second] = [new Admission(breakers), new Admission(breakers)];
  expect([first.take(), second.take()]).toEqual([true, false]);
  expect(second.ask(() => {})).toBe(false);
  second.leave();
  expect(breakers.requests.value).toBe(1);
  first.leave();
  first.leave();
  expect(breakers.requests.value).toBe(0);
  expect(second.take()).toBe(true);
});

test.each([true, false])('another worker is asked; its answer is %s', (taken) => {
  const { breakers, asked, unasked } = shared();
  const admission = new Admission(breakers);
  expect(admission.take()).toBe(false);
  const answers: boolean[] = [];
  expect(admission.ask((answer) => answers.push(answer))).toBe(true);
  // The gauge counts what it has been given before it says so.
  if (taken) breakers.requests.value++;
  asked[0]?.(taken);
  expect(answers).toEqual([taken]);
  admission.leave();
  expect([breakers.requests.value, unasked()]).toEqual([0, 0]);
});

test('a request that leaves meanwhile takes its question back', () => {
  const { breakers, unasked } = shared();
  const admission = new Admission(breakers);
  admission.take();
  admission.ask(() => {});
  admission.leave();
  expect([breakers.requests.value, unasked()]).toEqual([0, 1]);
});

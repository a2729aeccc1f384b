import type { WorkerId } from '@tulle/data-plane/workers/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Child, ChildExit } from '../process/child.ts';
import { WorkerSet } from './worker-set.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A process that is not there: what it was told, and what a test lets it say. */
class FakeChild implements Child {
  readonly pid = 1;
  readonly stdout = undefined;
  readonly #exit = Promise.withResolvers<ChildExit>();
  readonly exited = this.#exit.promise;
  readonly heard: string[] = [];
  running = true;
  stopped = false;
  #say: (message: unknown) => void = () => {};

  serve(): void {
    this.#say({ kind: 'serving' });
  }

  end(): void {
    this.running = false;
    this.#exit.resolve({ code: 1, signal: null });
  }

  stop(): Promise<ChildExit> {
    this.stopped = true;
    this.end();
    return this.exited;
  }

  kill(): void {}

  send(message: { readonly kind: string }): void {
    if (message.kind !== 'workers') this.heard.push(message.kind);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#say = listener;
  }
}

/** A proxy of one worker that serves, and its hot restart under way. */
async function restarting() {
  const children = new Map<WorkerId, FakeChild>();
  const set = new WorkerSet({
    count: 1,
    prepare: () => Promise.resolve(),
    newToken: () => Promise.reject(new Error('there is no control plane')),
    spawn: (id) => {
      const child = new FakeChild();
      children.set(id, child);
      return child;
    },
    onServing: () => {},
    onEnded: () => {},
  });
  const child = (id: WorkerId): FakeChild => children.get(id) as FakeChild;
  void set.start();
  await vi.advanceTimersByTimeAsync(0);
  child('0.0').serve();
  const outcome = set.restart().then(
    () => 'done',
    (error: Error) => error.message,
  );
  await vi.advanceTimersByTimeAsync(0);
  return { set, before: child('0.0'), successor: child('1.0'), outcome };
}

test('the one before talks to the control plane until its successor starts, and retires when that serves', async () => {
  const { set, before, successor, outcome } = await restarting();
  expect(before.heard).toEqual(['succeeded']);
  successor.serve();
  expect(await outcome).toBe('done');
  expect(before.heard).toEqual(['succeeded', 'retire']);
  await set.stop(0);
});

test('a successor that ends before it serves: the one before is told to go on', async () => {
  const { set, before, successor, outcome } = await restarting();
  successor.end();
  expect(await outcome).toBe('the new one did not come to serve; the one before goes on');
  expect(before.heard).toEqual(['succeeded', 'resume']);
  expect(before.stopped).toBe(false);
  await set.stop(0);
});

test('a successor that says nothing for half a minute is ended, and the one before is told to go on', async () => {
  const { set, before, successor, outcome } = await restarting();
  await vi.advanceTimersByTimeAsync(29_000);
  expect([successor.stopped, before.heard]).toEqual([false, ['succeeded']]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await outcome).toBe('the new one did not come to serve; the one before goes on');
  expect([successor.stopped, before.stopped]).toEqual([true, false]);
  expect(before.heard).toEqual(['succeeded', 'resume']);
  await set.stop(0);
});

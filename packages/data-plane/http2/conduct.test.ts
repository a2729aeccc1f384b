import { expect, test } from 'vitest';
import { Conduct } from './conduct.ts';
import { defaultHttp2Limits } from './limits.ts';

const limits = {
  ...defaultHttp2Limits,
  idleFrameBurst: 8,
  idleFramesPerSecond: 2,
  resetBurst: 3,
  resetsPerSecond: 1,
};

function conduct() {
  let now = 0;
  const made = new Conduct(limits, () => now);
  const count = (act: () => void): number => {
    for (let times = 0; times < 100; times++) {
      try {
        act();
      } catch {
        return times;
      }
    }
    return 100;
  };
  return {
    conduct: made,
    idleFrames: () => count(() => made.idleFrame()),
    resets: () => count(() => made.reset()),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test('frames that do nothing: a burst, some with time, four for each that does something', () => {
  const peer = conduct();
  expect(peer.idleFrames()).toBe(8);
  peer.pass(1_000);
  expect(peer.idleFrames()).toBe(2);
  peer.conduct.work();
  // The refused ones before have been counted, too.
  expect(peer.idleFrames()).toBeLessThanOrEqual(4);
  for (let frames = 0; frames < 10; frames++) peer.conduct.work();
  expect(peer.idleFrames()).toBe(8);
});

test('resets: a burst, and one for each stream that ended well', () => {
  const peer = conduct();
  expect(peer.resets()).toBe(3);
  for (let streams = 0; streams < 10; streams++) peer.conduct.complete();
  expect(peer.resets()).toBe(3);
  peer.pass(2_000);
  expect(peer.resets()).toBe(2);
});

test('whether it has worked is told once', () => {
  const { conduct: peer } = conduct();
  expect(peer.hasWorked()).toBe(false);
  peer.work();
  expect([peer.hasWorked(), peer.hasWorked()]).toEqual([true, false]);
});

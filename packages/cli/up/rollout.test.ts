import { describe, expect, test } from 'vitest';
import { nextStep, type RolloutInstance } from './rollout.ts';

const instance = (index: number, hash: string, state: 'ready' | 'pending' | 'stopping'): RolloutInstance => ({
  name: `reviews-v1-${index}`,
  index,
  hash,
  ready: state === 'ready',
  stopping: state === 'stopping',
});

describe('nextStep', () => {
  test('starts all replicas at once when nothing runs', () => {
    expect(nextStep([], { replicas: 3, hash: 'a' })).toEqual({ start: [0, 1, 2], stop: [] });
  });

  test('does nothing when all is as wanted', () => {
    const instances = [instance(0, 'a', 'ready'), instance(1, 'a', 'pending')];
    expect(nextStep(instances, { replicas: 2, hash: 'a' })).toEqual({ start: [], stop: [] });
  });

  test('stops the highest, unready ones first, when scaled down', () => {
    const instances = [instance(0, 'a', 'pending'), instance(1, 'a', 'ready'), instance(2, 'a', 'ready')];
    expect(nextStep(instances, { replicas: 1, hash: 'a' }).stop).toEqual(['reviews-v1-2', 'reviews-v1-0']);
  });

  test('replaces one after the other: new ready before old stops', () => {
    const wanted = { replicas: 2, hash: 'b' };
    let instances = [instance(0, 'a', 'ready'), instance(1, 'a', 'ready')];
    expect(nextStep(instances, wanted)).toEqual({ start: [2], stop: [] });
    instances = [...instances, instance(2, 'b', 'pending')];
    expect(nextStep(instances, wanted)).toEqual({ start: [], stop: [] });
    instances = [instance(0, 'a', 'ready'), instance(1, 'a', 'ready'), instance(2, 'b', 'ready')];
    expect(nextStep(instances, wanted)).toEqual({ start: [3], stop: ['reviews-v1-1'] });
    instances = [
      instance(0, 'a', 'ready'),
      instance(1, 'a', 'stopping'),
      instance(2, 'b', 'ready'),
      instance(3, 'b', 'ready'),
    ];
    expect(nextStep(instances, wanted)).toEqual({ start: [], stop: ['reviews-v1-0'] });
  });

  test('keeps the old version while the new one never becomes ready', () => {
    const instances = [instance(0, 'a', 'ready'), instance(1, 'b', 'pending')];
    expect(nextStep(instances, { replicas: 1, hash: 'b' })).toEqual({ start: [], stop: [] });
  });

  test('a failed rollout gives way to the next version', () => {
    const instances = [instance(0, 'a', 'ready'), instance(1, 'b', 'pending')];
    expect(nextStep(instances, { replicas: 1, hash: 'c' })).toEqual({ start: [2], stop: ['reviews-v1-1'] });
  });

  test('zero replicas stop all', () => {
    expect(nextStep([instance(0, 'a', 'ready')], { replicas: 0, hash: 'b' }).stop).toEqual(['reviews-v1-0']);
  });
});

import { describe, expect, it } from 'vitest';
import { acceptedCondition, appliedCondition, withConditions } from './conditions.ts';

const count = { applied: 2, total: 2, pending: false, rejections: [], generation: 4 };

describe('Applied', () => {
  it.each([
    [undefined, 'Unknown', 'NotReferenced', 'no connected proxy needs it'],
    [count, 'True', 'AllProxies', 'Applied 2/2'],
    [{ ...count, applied: 1, pending: true }, 'False', 'Partial', 'Applied 1/2'],
    [
      { ...count, applied: 1, rejections: [{ proxy: 'reviews-v2-1', reason: 'bad regex' }] },
      'False',
      'Rejected',
      'Applied 1/2; reviews-v2-1: bad regex',
    ],
  ])('says what became of %j', (given, status, reason, message) => {
    expect(appliedCondition(given, 4)).toMatchObject({ type: 'Applied', status, reason, message });
  });

  it('names five refusals and counts the rest', () => {
    const rejections = Array.from({ length: 7 }, (_, at) => ({ proxy: `p${at}`, reason: 'no' }));
    const { message } = appliedCondition({ ...count, applied: 0, total: 7, rejections }, 1);
    expect(message).toBe('Applied 0/7; p0: no; p1: no; p2: no; p3: no; p4: no; and 2 more');
  });
});

describe('Accepted', () => {
  it('is true with warnings and false with errors', () => {
    const warning = {
      severity: 'warning',
      code: 'unknown-subset',
      path: 'spec.http[0]',
      message: 'no v9',
    } as const;
    expect(acceptedCondition([], 1)).toMatchObject({ status: 'True', reason: 'Accepted', message: '' });
    expect(acceptedCondition([warning], 1)).toMatchObject({
      status: 'True',
      reason: 'UnknownSubset',
      message: 'spec.http[0]: no v9',
    });
    const error = { ...warning, severity: 'error', code: 'conflicting-port' } as const;
    expect(acceptedCondition([warning, error], 1)).toMatchObject({
      status: 'False',
      reason: 'ConflictingPort',
    });
  });
});

describe('merging', () => {
  const finding = appliedCondition(count, 4);

  it('keeps what others wrote, and the object itself when nothing differs', () => {
    const foreign = { type: 'Ready', status: 'True', reason: 'x', message: '', lastTransitionTime: 't0' };
    const first = withConditions({ replicas: 3, conditions: [foreign] }, [finding], 't1');
    expect(first).toEqual({ replicas: 3, conditions: [foreign, { ...finding, lastTransitionTime: 't1' }] });
    expect(withConditions(first, [finding], 't2')).toBe(first);
  });

  it('moves the transition time only when the status turns', () => {
    const first = withConditions(undefined, [finding], 't1');
    const more = withConditions(first, [appliedCondition({ ...count, applied: 3, total: 3 }, 4)], 't2');
    expect(more).toMatchObject({ conditions: [{ message: 'Applied 3/3', lastTransitionTime: 't1' }] });
    const less = withConditions(more, [appliedCondition({ ...count, applied: 1 }, 4)], 't3');
    expect(less).toMatchObject({ conditions: [{ status: 'False', lastTransitionTime: 't3' }] });
  });

  it.each([null, 'text', [], { conditions: 'none' }])('survives a status of %j', (status) => {
    expect(withConditions(status, [finding], 't')).toMatchObject({ conditions: [{ type: 'Applied' }] });
  });
});

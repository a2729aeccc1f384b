import { describe, expect, test } from 'vitest';
import { threeWayPatch } from './merge.ts';

describe('threeWayPatch', () => {
  test('nothing to do when all is as applied', () => {
    const applied = { spec: { hosts: ['reviews'], http: [{ weight: 75 }] } };
    expect(threeWayPatch(applied, applied, applied)).toBeUndefined();
  });

  test('changes what differs and replaces lists', () => {
    const last = { spec: { http: [{ weight: 75 }], hosts: ['a'] } };
    const next = { spec: { http: [{ weight: 50 }], hosts: ['a'] } };
    expect(threeWayPatch(last, next, last)).toEqual({ spec: { http: [{ weight: 50 }] } });
  });

  test('removes what was applied before and is not any more, if it is still there', () => {
    const last = { spec: { a: 1, b: 2 } };
    expect(threeWayPatch(last, { spec: { a: 1 } }, { spec: { a: 1, b: 2 } })).toEqual({ spec: { b: null } });
    expect(threeWayPatch(last, { spec: { a: 1 } }, { spec: { a: 1 } })).toBeUndefined();
  });

  test('leaves alone what others have set', () => {
    const applied = { metadata: { labels: { app: 'x' } }, spec: { a: 1 } };
    const current = { metadata: { labels: { app: 'x', team: 'y' } }, spec: { a: 1, added: true } };
    expect(threeWayPatch(applied, applied, current)).toBeUndefined();
  });

  test('defaults that the server adds to list items are no difference', () => {
    const applied = { spec: { ports: [{ port: 9080 }] } };
    expect(
      threeWayPatch(applied, applied, { spec: { ports: [{ port: 9080, protocol: 'TCP' }] } }),
    ).toBeUndefined();
  });

  test('an item taken out of a list is a difference, although the rest covers it', () => {
    const last = { spec: { ports: [{ port: 9080, name: 'http' }] } };
    const next = { spec: { ports: [{ port: 9080 }] } };
    expect(threeWayPatch(last, next, last)).toEqual({ spec: { ports: [{ port: 9080 }] } });
  });
});

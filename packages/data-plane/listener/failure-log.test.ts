import { expect, test } from 'vitest';
import { FailureLog } from './failure-log.ts';

test('a failure is said once, again when it changes, and when it is over', () => {
  const lines: string[] = [];
  const log = new FailureLog((line) => lines.push(line));
  const taken = { listener: 'a', reason: 'EADDRINUSE' };
  log.tell([taken]);
  log.tell([taken]);
  log.tell([taken, { listener: 'b', reason: 'EACCES' }]);
  log.tell([{ listener: 'a', reason: 'EACCES' }]);
  log.tell([]);
  log.tell([]);
  expect(lines).toEqual([
    'listener a: EADDRINUSE',
    'listener b: EACCES',
    'listener a: EACCES',
    'listener b: no longer fails',
    'listener a: no longer fails',
  ]);
});

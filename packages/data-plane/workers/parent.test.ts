import { expect, test } from 'vitest';
import { WorkerParent } from './parent.ts';
import { ParentLink } from './parent-link.ts';
import type { ToWorker } from './protocol.ts';

const none = () => Promise.reject(new Error('there is no control plane'));

test('a worker whose SVID has expired gets another token, or the reason why there is none', async () => {
  const answers = [none, () => Promise.resolve('tulle1.a'), () => Promise.resolve('tulle1.b')];
  const parent = new WorkerParent(
    () => {},
    () => (answers.shift() ?? none)(),
  );
  const heard: ((message: ToWorker) => void)[] = [];
  const link = new ParentLink({
    id: '0.0',
    shared: false,
    succeeds: false,
    channel: {
      send: (message) => parent.receive('0.0', message),
      onMessage: (listener) => heard.push((message) => listener(message, undefined)),
    },
  });
  parent.attach('0.0', { send: (message) => heard[0]?.(message) });
  await expect(link.enrolmentToken()).rejects.toThrow('there is no control plane');
  // Asked twice at once, it is one.
  expect(await Promise.all([link.enrolmentToken(), link.enrolmentToken()])).toEqual(['tulle1.a', 'tulle1.a']);
  expect(await link.enrolmentToken()).toBe('tulle1.b');
});

test('the last words of a worker that is gone change nothing', () => {
  const parent = new WorkerParent(() => {}, none);
  const heard: ToWorker[] = [];
  parent.attach('0.0', { send() {} });
  parent.attach('0.1', { send: (message) => heard.push(message) });
  parent.ended('0.0');
  heard.length = 0;
  parent.receive('0.0', { kind: 'tell', to: 'others', message: { kind: 'quit' } });
  parent.receive('0.0', { kind: 'hold', budget: 'b', limit: 1, count: 1 });
  parent.receive('0.0', { kind: 'ask', budget: 'b', limit: 1, count: 1 });
  expect(heard).toEqual([]);
  parent.receive('0.1', { kind: 'ask', budget: 'b', limit: 1, count: 1 });
  expect(heard).toEqual([{ kind: 'granted', budget: 'b', count: 1, wanted: false }]);
});

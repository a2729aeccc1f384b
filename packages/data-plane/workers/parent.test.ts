import { expect, test } from 'vitest';
import { WorkerParent } from './parent.ts';
import type { ToWorker } from './protocol.ts';

test('the last words of a worker that is gone change nothing', () => {
  const parent = new WorkerParent(() => {});
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

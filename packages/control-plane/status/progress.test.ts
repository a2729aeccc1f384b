import { byType } from '@tulle/xds/resource';
import { expect, test } from 'vitest';
import { ProgressBook } from './progress.ts';

const empty = byType(() => new Map());
const resource = { name: 'l', version: '1', bytes: new Uint8Array(), origins: [] };

test('what a proxy that comes back says that it has counts, though its snapshot is made later', () => {
  const book = new ProgressBook();
  book.connected('a');
  book.acknowledged('a', 'listener', new Map([['l', '1']]));
  expect([...book.values()]).toEqual([]);
  book.published('a', empty);
  const [progress] = book.values();
  expect(progress?.delivery('listener', resource)).toEqual({ kind: 'applied' });
});

test('what was answered on an earlier stream does not', () => {
  const book = new ProgressBook();
  book.connected('a');
  book.published('a', empty);
  book.rejected('a', 'listener', new Map([['l', '1']]), 'no');
  expect([...book.values()][0]?.delivery('listener', resource)).toEqual({ kind: 'rejected', reason: 'no' });
  book.connected('a');
  expect([...book.values()]).toEqual([]);
  book.published('a', empty);
  expect([...book.values()][0]?.delivery('listener', resource)).toEqual({ kind: 'pending' });
});

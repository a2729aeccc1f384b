import { expect, test } from 'vitest';
import { RestartWish } from './proxy-restart.ts';

test('each new wish is one restart; one that is taken back is none, however often it is looked at', () => {
  const wish = new RestartWish('before the start');
  const seen = ['before the start', 'a', 'a', undefined, undefined, 'b', 'b'];
  expect(seen.filter((asked) => wish.renew(asked))).toEqual(['a', 'b']);
});

import { expect, test } from 'vitest';
import { rejectedNames } from './rejected-names.ts';

test.each<[string, string[], string[]]>([
  ['Error adding/updating listener(s) bad: no prefix', ['bad', 'good'], ['bad']],
  [
    'outbound|80||a.ns: x; outbound|80||b.ns: y',
    ['outbound|80||a.ns', 'outbound|80||b.ns', 'outbound|80||c.ns'],
    ['outbound|80||a.ns', 'outbound|80||b.ns'],
  ],
  [
    'outbound|80|v1|a.ns.svc: bad',
    ['a.ns', 'outbound|80|v1|a.ns', 'outbound|80|v1|a.ns.svc'],
    ['outbound|80|v1|a.ns.svc'],
  ],
  ['Unknown cluster reviews.', ['reviews', 'reviews-v2'], ['reviews']],
  ['malformed IP address', ['a', 'b'], ['a', 'b']],
])('"%s"', (message, names, expected) => {
  expect([...rejectedNames(message, names)]).toEqual(expected);
});

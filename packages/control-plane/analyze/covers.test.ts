import { compileStringMatcher } from '@tulle/decision/string-match';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HttpMatch, StringMatch } from '../model/istio.ts';
import { httpMatchCovers } from './covers.ts';

/** Few values, so that conditions meet. */
const paths = ['/', '/a', '/A', '/a/b', '/b'];
const values = ['a', 'ab', 'b'];

const stringMatch = (known: readonly string[]): fc.Arbitrary<StringMatch> =>
  fc.oneof(
    fc.record({ exact: fc.constantFrom(...known) }),
    fc.record({ prefix: fc.constantFrom('', ...known) }),
    fc.record({ regex: fc.constantFrom('.*', '/a.*', 'a.?', '/[ab]') }),
  );
const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(fc.constantFrom('x', 'X', 'y'), value, { maxKeys: 2 });

const httpMatch: fc.Arbitrary<HttpMatch> = fc.record(
  {
    uri: stringMatch(paths),
    ignoreUriCase: fc.boolean(),
    headers: some(fc.oneof(stringMatch(values), fc.constant({}))),
    withoutHeaders: some(fc.oneof(stringMatch(values), fc.constant({}))),
  },
  { requiredKeys: [] },
);
const request = fc.record({
  path: fc.constantFrom(...paths),
  headers: fc.record({ x: fc.constantFrom(...values), y: fc.constantFrom(...values) }, { requiredKeys: [] }),
});

const holds = (
  { exact, prefix, regex }: StringMatch,
  value: string | undefined,
  ignoreCase = false,
): boolean => {
  if (value === undefined) return false;
  if (exact !== undefined) return compileStringMatcher({ kind: 'exact', value: exact, ignoreCase })(value);
  if (prefix !== undefined) return compileStringMatcher({ kind: 'prefix', value: prefix, ignoreCase })(value);
  return regex === undefined || compileStringMatcher({ kind: 'regex', value: regex })(value);
};

function matches(
  match: HttpMatch,
  { path, headers }: { path: string; headers: Record<string, string> },
): boolean {
  const header = (name: string): string | undefined => headers[name.toLowerCase()];
  return (
    (match.uri === undefined || holds(match.uri, path, match.ignoreUriCase)) &&
    Object.entries(match.headers ?? {}).every(([name, one]) => holds(one, header(name))) &&
    Object.entries(match.withoutHeaders ?? {}).every(([name, one]) => !holds(one, header(name)))
  );
}

test('what is called covered has no request of its own', () => {
  let covered = 0;
  fc.assert(
    fc.property(
      httpMatch,
      httpMatch,
      fc.array(request, { minLength: 20, maxLength: 20 }),
      (wide, narrow, requests) => {
        if (!httpMatchCovers(wide, narrow)) return;
        covered++;
        for (const one of requests) if (matches(narrow, one)) expect(matches(wide, one)).toBe(true);
      },
    ),
    { numRuns: 20_000, seed: 7 },
  );
  expect(covered).toBeGreaterThan(500);
});

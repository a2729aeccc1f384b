import type { MetadataMatch, ValueTest } from '@tulle/decision/tables/metadata-match';
import type { matcher_MetadataMatcher, matcher_ValueMatcher } from '@tulle/xds/wire';
import type { Problems } from '../values/problems.ts';
import { translateStringMatcher } from '../values/string-match.ts';

/** envoy.type.matcher.v3.MetadataMatcher. */
export function translateMetadataMatch(
  { filter, path: segments, value, invert }: matcher_MetadataMatcher,
  path: string,
  problems: Problems,
): MetadataMatch {
  return {
    filter,
    path: segments.map(({ key = '' }) => key),
    test: valueTest(value, `${path}.value`, problems),
    invert,
  };
}

function valueTest(matcher: matcher_ValueMatcher | undefined, path: string, problems: Problems): ValueTest {
  const { stringMatch, presentMatch, listMatch, orMatch } = matcher ?? {};
  if (stringMatch !== undefined)
    return { kind: 'text', test: translateStringMatcher(stringMatch, `${path}.string_match`, problems) };
  if (presentMatch !== undefined) return { kind: 'present', present: presentMatch };
  if (listMatch !== undefined)
    return { kind: 'one-of', item: valueTest(listMatch.oneOf, `${path}.list_match.one_of`, problems) };
  if (orMatch === undefined) problems.add(path, 'must say what to match');
  return {
    kind: 'any',
    of: (orMatch?.valueMatchers ?? []).map((one, i) =>
      valueTest(one, `${path}.or_match.value_matchers[${i}]`, problems),
    ),
  };
}

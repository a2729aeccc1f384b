import { compileRegex, RegexError } from '@tulle/decision/regex';
import { compileStringMatcher, type StringPattern } from '@tulle/decision/string-match';
import type { StringMatcher } from '@tulle/decision/tables/string-matcher';
import type { matcher_RegexMatcher, matcher_StringMatcher } from '@tulle/xds/wire';
import type { Problems } from './problems.ts';

const never: StringMatcher = () => false;

export function translateRegex(regex: matcher_RegexMatcher, path: string, problems: Problems): StringMatcher {
  try {
    return compileRegex(regex.regex);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    problems.add(path, error.message);
    return never;
  }
}

export function translateStringMatcher(
  matcher: matcher_StringMatcher,
  path: string,
  problems: Problems,
): StringMatcher {
  const { exact, prefix, suffix, contains, safeRegex, ignoreCase } = matcher;
  if (safeRegex !== undefined) return translateRegex(safeRegex, `${path}.safe_regex`, problems);
  const found = (
    Object.entries({ exact, prefix, suffix, contains }) as [
      Exclude<StringPattern['kind'], 'regex'>,
      string | undefined,
    ][]
  ).find(([, value]) => value !== undefined);
  if (found === undefined) {
    problems.add(path, 'must say what to match');
    return never;
  }
  return compileStringMatcher({ kind: found[0], value: found[1] as string, ignoreCase });
}

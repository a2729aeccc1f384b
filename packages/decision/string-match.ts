import { compileRegex } from './regex.ts';
import type { StringMatcher } from './tables/string-matcher.ts';

/** What a string must look like; the forms of Envoy's StringMatcher. */
export type StringPattern =
  | {
      readonly kind: 'exact' | 'prefix' | 'suffix' | 'contains';
      readonly value: string;
      readonly ignoreCase?: boolean;
    }
  /** RE2, the whole string. */
  | { readonly kind: 'regex'; readonly value: string };

/** Compiled once, when configuration loads. @throws RegexError for a bad regex. */
export function compileStringMatcher(pattern: StringPattern): StringMatcher {
  if (pattern.kind === 'regex') return compileRegex(pattern.value);
  if (pattern.ignoreCase !== true) return caseSensitive(pattern.kind, pattern.value);
  const test = caseSensitive(pattern.kind, pattern.value.toLowerCase());
  return (value) => test(value.toLowerCase());
}

function caseSensitive(kind: 'exact' | 'prefix' | 'suffix' | 'contains', wanted: string): StringMatcher {
  switch (kind) {
    case 'exact':
      return Object.assign((value: string) => value === wanted, { exact: wanted });
    case 'prefix':
      return (value) => value.startsWith(wanted);
    case 'suffix':
      return (value) => value.endsWith(wanted);
    case 'contains':
      return (value) => value.includes(wanted);
  }
}

/**
 * Users' regular expressions: RE2 syntax, whole-string match as Envoy's safe_regex, always linear time.
 *
 * re2js is the judge of syntax and the engine for whatever is not proven harmless (550 ns); V8 runs the
 * rest (20 ns), from a source that we write ourselves out of the parsed pattern, so that `.` and `\s` mean
 * what they mean to RE2. A literal that every match must contain is looked for first.
 */
import { RE2JS } from 're2js';
import { isLinear } from './regex-proof.ts';
import { type CharSet, type Pattern, parsePattern } from './regex-syntax.ts';
import type { StringMatcher } from './tables/string-matcher.ts';

/** What is wrong with a pattern, in one line. */
export class RegexError extends Error {
  override readonly name = 'RegexError';
}

const regexLimits = {
  /** Characters of a pattern. */
  length: 4096,
  /** Instructions of re2js's program. */
  programSize: 4096,
  /** Characters of a value that re2js is run on; longer values do not match. V8's part has no limit. */
  input: 64 * 1024,
} as const;

function codeUnit(code: number): string {
  return `\\u{${code.toString(16)}}`;
}

function classSource(set: CharSet): string {
  let ranges = '';
  for (let i = 0; i < set.length; i += 2) {
    const [lo, hi] = [set[i] as number, set[i + 1] as number];
    ranges += lo === hi ? codeUnit(lo) : `${codeUnit(lo)}-${codeUnit(hi)}`;
  }
  return `[${ranges}]`;
}

function source(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'chars':
      return classSource(pattern.set);
    case 'sequence':
      return pattern.items
        .map((item) => (item.kind === 'choice' ? `(?:${source(item)})` : source(item)))
        .join('');
    case 'choice':
      return pattern.items.map(source).join('|');
    case 'repeat': {
      const max = pattern.max === Number.POSITIVE_INFINITY ? '' : pattern.max;
      return `(?:${source(pattern.item)}){${pattern.min},${max}}`;
    }
  }
}

/** The longest run of single characters that every match contains; empty: none known. */
function requiredLiteral(pattern: Pattern): string {
  const items = pattern.kind === 'sequence' ? pattern.items : [pattern];
  let best = '';
  let run = '';
  for (const item of items) {
    const single = item.kind === 'chars' && item.set.length === 2 && item.set[0] === item.set[1];
    run = single ? run + String.fromCodePoint(item.set[0] as number) : '';
    if (run.length > best.length) best = run;
  }
  return best;
}

/** The pattern as re2js compiles it. @throws RegexError with the reason. */
function compileRe2(pattern: string): RE2JS {
  if (pattern.length > regexLimits.length)
    throw new RegexError(`longer than ${regexLimits.length} characters`);
  let program: RE2JS;
  try {
    program = RE2JS.compile(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error);
    throw new RegexError(`not a valid RE2 expression: ${reason}`);
  }
  if (program.programSize() > regexLimits.programSize)
    throw new RegexError('too large once compiled: simplify its repetitions');
  return program;
}

/** Which engine runs a pattern, for tests. @throws RegexError. */
export function regexEngine(pattern: string): 'v8' | 're2' {
  compileRe2(pattern);
  const parsed = parsePattern(pattern);
  return parsed !== undefined && isLinear(parsed) ? 'v8' : 're2';
}

/**
 * Compiles RE2 syntax into a test of the whole string.
 * @throws RegexError for bad syntax, look-around, back-references, and patterns above the limits.
 */
export function compileRegex(pattern: string): StringMatcher {
  const program = compileRe2(pattern);
  const parsed = parsePattern(pattern);
  const literal = parsed === undefined ? '' : requiredLiteral(parsed);
  if (parsed !== undefined && isLinear(parsed)) {
    const regex = new RegExp(`^(?:${source(parsed)})$`, 'u');
    return Object.assign((value: string) => regex.test(value), { literal });
  }
  const test = (value: string): boolean =>
    value.length <= regexLimits.input && value.includes(literal) && program.matches(value);
  return Object.assign(test, { literal });
}

/**
 * Compiles RE2 syntax into a test for a match anywhere in the text, as Go's MatchString. Not for hot paths.
 * @throws RegexError
 */
export function compileSearch(pattern: string): (text: string) => boolean {
  const program = compileRe2(pattern);
  return (text) => text.length <= regexLimits.input && program.matcher(text).find();
}

/**
 * Replaces every match of a pattern, as Envoy's RegexMatchAndSubstitute: `\1` … `\9` in the substitution
 * are groups, `\0` the whole match, `\\` a backslash.
 * @throws RegexError, also for a group that the pattern lacks.
 */
export function compileReplace(pattern: string, substitution: string): (text: string) => string {
  const program = compileRe2(pattern);
  const parts: (string | number)[] = [];
  for (let i = 0; i < substitution.length; i++) {
    const char = substitution[i] as string;
    const next = char === '\\' ? (substitution[++i] ?? '') : '';
    if (char !== '\\') parts.push(char);
    else if (next === '\\') parts.push(next);
    else if (!/^\d$/.test(next))
      throw new RegexError('a backslash in a substitution must be followed by a digit or a backslash');
    else if (Number(next) <= program.groupCount()) parts.push(Number(next));
    else throw new RegexError(`the substitution uses group ${next}, the pattern has ${program.groupCount()}`);
  }
  return (text) => {
    if (text.length > regexLimits.input) return text;
    const matcher = program.matcher(text);
    let out = '';
    let from = 0;
    while (matcher.find()) {
      out += text.slice(from, matcher.start());
      for (const part of parts) out += typeof part === 'string' ? part : (matcher.group(part) ?? '');
      from = matcher.end();
    }
    return out + text.slice(from);
  };
}

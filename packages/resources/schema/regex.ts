/**
 * Says what is wrong with a regular expression by RE2's syntax (github.com/google/re2/wiki/Syntax), or
 * undefined when it is well formed. A syntax check only: the data plane's engine compiles it.
 */
export function regexProblem(pattern: string): string | undefined {
  const scanner = new Scanner(pattern);
  try {
    scanner.alternatives(0);
    if (scanner.at < pattern.length) return 'unmatched ")"';
    return undefined;
  } catch (failure) {
    if (failure instanceof RegexSyntax) return failure.message;
    throw failure;
  }
}

/** What is wrong with what takes the place of a match (`\1` is its first group); undefined also for a bad pattern. */
export function substitutionProblem(pattern: string, substitution: string): string | undefined {
  if (regexProblem(pattern) !== undefined) return undefined;
  const scanner = new Scanner(pattern);
  scanner.alternatives(0);
  for (const [, next = ''] of substitution.matchAll(/\\([\s\S]?)/g)) {
    if (next === '\\') continue;
    if (!/^\d$/.test(next)) return 'must have a digit or a backslash after each backslash';
    if (Number(next) > scanner.groups) return `uses group ${next}: the pattern has ${scanner.groups}`;
  }
  return undefined;
}

class RegexSyntax extends Error {}

/** RE2's limit on x{n,m}. */
const maxRepeat = 1000;
/** RE2's limit on nesting. */
const maxNesting = 1000;

const posixClasses = new Set(
  'alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit'.split(' '),
);

class Scanner {
  at = 0;
  /** That have been captured so far. */
  groups = 0;
  readonly #text: string;
  readonly #names = new Set<string>();

  constructor(text: string) {
    this.#text = text;
  }

  alternatives(nesting: number): void {
    if (nesting > maxNesting) throw new RegexSyntax('nested too deeply');
    for (;;) {
      this.#sequence(nesting);
      if (this.#text[this.at] !== '|') return;
      this.at++;
    }
  }

  #sequence(nesting: number): void {
    let repeatable = false;
    let repeated = false;
    while (this.at < this.#text.length) {
      const char = this.#text[this.at] ?? '';
      if (char === '|' || char === ')') return;
      const quantifier = this.#quantifier();
      if (quantifier !== undefined) {
        if (!repeatable) throw new RegexSyntax(`nothing to repeat before "${quantifier}"`);
        if (repeated) throw new RegexSyntax(`"${quantifier}" after another repetition`);
        repeated = true;
        continue;
      }
      repeated = false;
      // What adds nothing (flags, an empty quotation) leaves what stands before it to the next repetition.
      repeatable = this.#atom(char, nesting) || repeatable;
    }
  }

  /** Reads `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}` and a lazy `?`. A brace that is no repetition is a literal. */
  #quantifier(): string | undefined {
    const match = /^(?:[*+?]|\{(\d+)(,(\d*))?\})\??/.exec(this.#text.slice(this.at, this.at + 24));
    if (match === null) return undefined;
    const [text, low, , high] = match;
    if (Number(low ?? 0) > maxRepeat || Number(high ?? 0) > maxRepeat)
      throw new RegexSyntax(`repetition above ${maxRepeat}`);
    if (high !== undefined && high !== '' && Number(high) < Number(low))
      throw new RegexSyntax('repetition bounds in the wrong order');
    this.at += text.length;
    return text;
  }

  /** Reads one atom; returns whether it added something that may be repeated. */
  #atom(char: string, nesting: number): boolean {
    if (char === '(') return this.#group(nesting);
    if (char === '[') {
      this.at++;
      this.#class();
      return true;
    }
    if (char === '\\') return this.#escape(false);
    this.at += char.length;
    return true;
  }

  #group(nesting: number): boolean {
    const rest = this.#text.slice(this.at, this.at + 80);
    if (/^\(\?(=|!|<=|<!)/.test(rest)) throw new RegexSyntax('look-around is not part of RE2');
    if (rest.startsWith('(?>')) throw new RegexSyntax('atomic groups are not part of RE2');
    if (rest.startsWith('(?#')) throw new RegexSyntax('comments are not part of RE2');
    if (rest.startsWith('(?P=')) throw new RegexSyntax('back-references are not part of RE2');
    const flags = /^\(\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest);
    const named = /^\(\?P?<([A-Za-z0-9_]+)>/.exec(rest);
    if (flags !== null) {
      this.at += flags[0].length;
      if (flags[3] === ')') return false;
    } else if (named !== null) {
      const name = named[1] ?? '';
      if (this.#names.has(name)) throw new RegexSyntax(`group name ${name} used twice`);
      this.#names.add(name);
      this.groups++;
      this.at += named[0].length;
    } else if (rest.startsWith('(?')) throw new RegexSyntax(`unknown group "${rest.slice(0, 4)}"`);
    else {
      this.groups++;
      this.at++;
    }
    this.alternatives(nesting + 1);
    if (this.#text[this.at] !== ')') throw new RegexSyntax('missing ")"');
    this.at++;
    return true;
  }

  /** Reads a bracket expression after its `[`. */
  #class(): void {
    if (this.#text[this.at] === '^') this.at++;
    let first = true;
    while (this.at < this.#text.length) {
      if (this.#text[this.at] === ']' && !first) {
        this.at++;
        return;
      }
      first = false;
      const low = this.#classMember();
      if (this.#text[this.at] !== '-' || this.#text[this.at + 1] === ']' || low === undefined) continue;
      if (this.at + 1 >= this.#text.length) break;
      this.at++;
      const high = this.#classMember(false);
      if (high === undefined || high < low) throw new RegexSyntax('invalid range in "[…]"');
    }
    throw new RegexSyntax('missing "]"');
  }

  /** Reads one member of a bracket expression; returns its code point, or undefined when it stands for many. */
  #classMember(posixToo = true): number | undefined {
    const posix = /^\[:\^?([a-z]*):\]/.exec(this.#text.slice(this.at, this.at + 16));
    if (posix !== null && posixToo) {
      if (!posixClasses.has(posix[1] ?? '')) throw new RegexSyntax(`unknown class "${posix[0]}"`);
      this.at += posix[0].length;
      return undefined;
    }
    const start = this.at;
    if (this.#text[this.at] === '\\') {
      this.#escape(true);
      return codeOf(this.#text.slice(start, this.at));
    }
    const code = this.#text.codePointAt(this.at) ?? 0;
    this.at += code > 0xffff ? 2 : 1;
    return code;
  }

  /** Reads an escape; returns whether it added something. */
  #escape(inClass: boolean): boolean {
    const rest = this.#text.slice(this.at, this.at + 64);
    const quoted = inClass ? null : /^\\Q/.exec(rest);
    if (quoted !== null) {
      const end = this.#text.indexOf('\\E', this.at + 2);
      const empty = end === this.at + 2 || this.at + 2 >= this.#text.length;
      this.at = end < 0 ? this.#text.length : end + 2;
      return !empty;
    }
    const assertion = /^\\[AzbB]/.exec(rest);
    const known =
      /^\\(?:x[0-9A-Fa-f]{2}|x\{(?:10|0?[0-9A-Fa-f])?[0-9A-Fa-f]{1,4}\}|0[0-7]{0,2}|[1-7][0-7]{1,2}|[pP](?:[A-Z]|\{\^?[A-Za-z_]+\})|[dDsSwW]|[afnrtv]|[^A-Za-z0-9\u0080-\u{10ffff}])/u.exec(
        rest,
      ) ?? (inClass ? null : assertion);
    if (known === null) {
      if (rest.length < 2) throw new RegexSyntax('"\\" at the end');
      if (/^\\[1-9]/.test(rest) || rest.startsWith('\\k'))
        throw new RegexSyntax('back-references are not part of RE2');
      throw new RegexSyntax(`unknown escape "${rest.slice(0, 2)}"`);
    }
    this.at += known[0].length;
    return true;
  }
}

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** The code point of an escape within a class; undefined for one that stands for many. */
function codeOf(sequence: string): number | undefined {
  const letter = sequence[1] ?? '';
  if (letter === 'x') return Number.parseInt(sequence.replace(/[^0-9A-Fa-f]/g, ''), 16);
  if (/[0-7]/.test(letter)) return Number.parseInt(sequence.slice(1), 8);
  if (/[pPdDsSwW]/.test(letter)) return undefined;
  return controls[letter] ?? letter.codePointAt(0);
}

/**
 * Reads the part of RE2 syntax for which we can prove things: literals, classes, groups, alternation and
 * repetition. Anything else (flags, `\b`, Unicode classes, inner anchors) is `undefined`: not wrong, only
 * not ours to judge, and run by re2js.
 */

/** Sorted, disjoint code point ranges: `[lo, hi, lo, hi, …]`. */
export type CharSet = readonly number[];

export type Pattern =
  | { readonly kind: 'chars'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly items: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly items: readonly Pattern[] }
  /** `max` Infinity: unbounded. Greedy and lazy are alike for a whole-string match. */
  | { readonly kind: 'repeat'; readonly item: Pattern; readonly min: number; readonly max: number };

const lastCodePoint = 0x10ffff;
const newline = 10;

function normalise(ranges: readonly (readonly [number, number])[]): CharSet {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [lo, hi] of sorted) {
    const end = out.at(-1);
    if (end !== undefined && lo <= end + 1) out[out.length - 1] = Math.max(end, hi);
    else out.push(lo, hi);
  }
  return out;
}

function complement(set: CharSet): CharSet {
  const out: number[] = [];
  let from = 0;
  for (let i = 0; i < set.length; i += 2) {
    const lo = set[i] as number;
    if (lo > from) out.push(from, lo - 1);
    from = (set[i + 1] as number) + 1;
  }
  if (from <= lastCodePoint) out.push(from, lastCodePoint);
  return out;
}

/** Whether no character is in both; sets are sorted pairs of the first and the last of a range. */
export function disjoint(a: CharSet, b: CharSet): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if ((a[i + 1] as number) < (b[j] as number)) i += 2;
    else if ((b[j + 1] as number) < (a[i] as number)) j += 2;
    else return false;
  }
  return true;
}

const digits: CharSet = [48, 57];
const word: CharSet = [48, 57, 65, 90, 95, 95, 97, 122];
const space: CharSet = [9, 10, 12, 13, 32, 32];
const classes: Readonly<Record<string, CharSet>> = {
  d: digits,
  D: complement(digits),
  w: word,
  W: complement(word),
  s: space,
  S: complement(space),
};
const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7 };
const anyButNewline = complement([newline, newline]);

/** RE2's bound on counted repetition. */
const maxRepeat = 1000;

class Unsupported extends Error {}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Pattern {
    const pattern = this.#choice(0);
    if (this.#at < this.#text.length) throw new Unsupported();
    return pattern;
  }

  #choice(depth: number): Pattern {
    if (depth > 50) throw new Unsupported();
    const items = [this.#sequence(depth)];
    while (this.#take('|')) items.push(this.#sequence(depth));
    return items.length === 1 ? (items[0] as Pattern) : { kind: 'choice', items };
  }

  #sequence(depth: number): Pattern {
    const items: Pattern[] = [];
    // The match is of the whole string, so an anchor at either end of an outermost alternative says nothing.
    if (depth === 0) this.#take('^');
    for (;;) {
      const next = this.#text[this.#at];
      if (next === undefined || next === '|' || next === ')') break;
      if (next === '$' && depth === 0 && this.#endsAlternative(this.#at + 1)) {
        this.#at++;
        break;
      }
      items.push(this.#repetition(this.#atom(depth)));
    }
    return items.length === 1 ? (items[0] as Pattern) : { kind: 'sequence', items };
  }

  #endsAlternative(at: number): boolean {
    return at === this.#text.length || this.#text[at] === '|';
  }

  #repetition(item: Pattern): Pattern {
    const bounds = this.#bounds();
    if (bounds === undefined) return item;
    this.#take('?');
    // `a**` and `a+?*`: RE2 refuses some and squashes others.
    if ('*+?{'.includes(this.#text[this.#at] ?? '.')) throw new Unsupported();
    return { kind: 'repeat', item, min: bounds[0], max: bounds[1] };
  }

  #bounds(): [number, number] | undefined {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#take('?')) return [0, 1];
    if (this.#text[this.#at] !== '{') return undefined;
    const counted = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.#text.slice(this.#at, this.#at + 12));
    if (counted === null) throw new Unsupported();
    this.#at += counted[0].length;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] ? Number(counted[3]) : Number.POSITIVE_INFINITY;
    if (min > maxRepeat || (max !== Number.POSITIVE_INFINITY && max > maxRepeat) || max < min)
      throw new Unsupported();
    return [min, max];
  }

  #atom(depth: number): Pattern {
    const char = this.#text[this.#at++] as string;
    if (char === '(') return this.#group(depth);
    if (char === '[') return { kind: 'chars', set: this.#class() };
    if (char === '.') return { kind: 'chars', set: anyButNewline };
    if (char === '\\') return { kind: 'chars', set: this.#escape() };
    const code = char.charCodeAt(0);
    if ('^$*+?{'.includes(char) || code > 0x7e) throw new Unsupported();
    return { kind: 'chars', set: [code, code] };
  }

  #group(depth: number): Pattern {
    if (this.#take('?') && !this.#take(':')) throw new Unsupported();
    const inner = this.#choice(depth + 1);
    if (!this.#take(')')) throw new Unsupported();
    return inner;
  }

  #escape(): CharSet {
    const char = this.#text[this.#at++];
    if (char === undefined) throw new Unsupported();
    const known = classes[char];
    if (known !== undefined) return known;
    const control = controls[char];
    if (control !== undefined) return [control, control];
    if (/[A-Za-z0-9]/.test(char) || char.charCodeAt(0) > 0x7e) throw new Unsupported();
    const code = char.charCodeAt(0);
    return [code, code];
  }

  #class(): CharSet {
    const negated = this.#take('^');
    const ranges: [number, number][] = [];
    for (let first = true; ; first = false) {
      const char = this.#text[this.#at];
      if (char === undefined) throw new Unsupported();
      if (char === ']' && !first) {
        this.#at++;
        break;
      }
      const low = this.#classItem();
      if (this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']') {
        this.#at++;
        const high = this.#classItem();
        const [lo, hi] = [low[0] as number, high[0] as number];
        if (low.length !== 2 || low[1] !== lo || high.length !== 2 || high[1] !== hi || hi < lo)
          throw new Unsupported();
        ranges.push([lo, hi]);
      } else {
        for (let i = 0; i < low.length; i += 2) ranges.push([low[i] as number, low[i + 1] as number]);
      }
    }
    const set = normalise(ranges);
    return negated ? complement(set) : set;
  }

  #classItem(): CharSet {
    const char = this.#text[this.#at++];
    if (char === undefined) throw new Unsupported();
    if (char === '\\') return this.#escape();
    const code = char.charCodeAt(0);
    // `[[:alpha:]]`, and whatever else begins with a bracket.
    if (char === '[' || code > 0x7e) throw new Unsupported();
    return [code, code];
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }
}

/** The pattern's structure, or undefined when it uses what is not provable here. */
export function parsePattern(text: string): Pattern | undefined {
  try {
    return new Parser(text).parse();
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

import { TOKEN, VALUE } from '../../http1/bytes.ts';
import { tableSize } from './decoder.ts';
import { EncoderTable } from './encoder-table.ts';
import { huffmanEncode, huffmanLength } from './huffman.ts';
import { writeInteger } from './integer.ts';
import { firstDynamicIndex, type StaticName, staticNames } from './static-table.ts';

/** What to do with a field that is not in a table. */
const Indexing = {
  /** Enters the table when it is seen again. */
  Repeated: 0,
  /** Changes with every message: an entry would only push out a better one. */
  Without: 1,
  /** A secret: never, and nobody behind us may either (RFC 7541 section 7.1.3). */
  Never: 2,
} as const;
type Indexing = (typeof Indexing)[keyof typeof Indexing];

interface Rule {
  readonly index: number;
  readonly values: ReadonlyMap<string, number> | undefined;
  readonly indexing: Indexing;
}

const changing = [
  'age',
  'content-length',
  'content-range',
  'date',
  'etag',
  'expires',
  'grpc-timeout',
  'if-modified-since',
  'if-none-match',
  'last-modified',
  'traceparent',
  'tracestate',
  'x-b3-spanid',
  'x-b3-traceid',
  'x-b3-parentspanid',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-upstream-service-time',
  'x-request-id',
];
const secret = ['authorization', 'proxy-authorization', 'set-cookie'];

const rules: ReadonlyMap<string, Rule> = buildRules();
const unknown: Rule = { index: 0, values: undefined, indexing: Indexing.Repeated };

function buildRules(): ReadonlyMap<string, Rule> {
  const table = new Map<string, Rule>();
  const add = (name: string, indexing: Indexing): void => {
    const known: StaticName | undefined = staticNames.get(name);
    const values = known === undefined || known.values.size === 0 ? undefined : known.values;
    table.set(name, { index: known?.index ?? 0, values, indexing });
  };
  for (const name of staticNames.keys()) add(name, Indexing.Repeated);
  for (const name of changing) add(name, Indexing.Without);
  for (const name of secret) add(name, Indexing.Never);
  return table;
}

/** A cookie shorter than this could be guessed octet by octet (RFC 7541 section 7.1.3). */
const guessable = 20;
const longestIndexed = 1024;
/** Below this a loop is faster than a call into native code, and the length is one octet. */
const short = 64;

/** 1 for what a name may be made of: a token without capitals. */
const NAME = TOKEN.slice().fill(0, 0x41, 0x5b);

const uncleanValue = /[^\t\x20-\x7e\x80-\xff]|^[\t ]|[\t ]$/;
const uncleanName = /[^!#$%&'*+\-.^_`|~0-9a-z]/;

export interface EncoderOptions {
  /**
   * Which literals are Huffman-coded where that is shorter. `indexed`: those that enter the table, so once
   * each; what is sent once only goes out plain, as a mesh's octets cost less than its CPU.
   */
  readonly huffman?: 'always' | 'indexed' | 'never';
  /** A field enters the table when it is seen for the first time already. */
  readonly eager?: boolean;
}

/**
 * One direction's header compression, sending end. `start`, `field`…, then `at` is the block's end; the
 * caller provides room by `mostBytes`.
 */
export class HpackEncoder {
  readonly #table = new EncoderTable(tableSize);
  readonly #huffmanIndexed: boolean;
  readonly #huffmanOther: boolean;
  readonly #eager: boolean;
  #out: Buffer = Buffer.alloc(0);
  at = 0;
  /** Size updates that the next block begins with (RFC 7541 section 4.2): the least since, and the last. */
  #leastSize = -1;
  #lastSize = -1;

  constructor(options: EncoderOptions = {}) {
    this.#huffmanIndexed = options.huffman !== 'never';
    this.#huffmanOther = options.huffman === 'always';
    this.#eager = options.eager ?? false;
  }

  /** What the peer allows by SETTINGS_HEADER_TABLE_SIZE; we use no more than the default. */
  limitTable(size: number): void {
    const allowed = Math.min(size, tableSize);
    if (allowed === this.#table.maxSize) return;
    this.#leastSize = this.#leastSize < 0 ? allowed : Math.min(this.#leastSize, allowed);
    this.#lastSize = allowed;
    this.#table.resize(allowed);
  }

  /** Size of the table now, in octets as RFC 7541 counts. */
  get tableSize(): number {
    return this.#table.size;
  }

  start(out: Buffer, at: number): void {
    this.#out = out;
    this.at = at;
    if (this.#lastSize < 0) return;
    if (this.#leastSize < this.#lastSize) this.at = writeInteger(out, this.at, 0x20, 0x1f, this.#leastSize);
    this.at = writeInteger(out, this.at, 0x20, 0x1f, this.#lastSize);
    this.#leastSize = -1;
    this.#lastSize = -1;
  }

  /** @param sensitive may not enter a table, here or further on */
  field(name: string, value: string, sensitive = false): void {
    const rule = rules.get(name) ?? unknown;
    const fixed = rule.values?.get(value);
    if (fixed !== undefined) {
      this.#out[this.at++] = 0x80 | fixed;
      return;
    }
    const indexing = sensitive ? Indexing.Never : indexingOf(rule, name, value);
    if (indexing === Indexing.Repeated) {
      const place = this.#table.find(name, value);
      if (place >= 0) {
        this.at = writeInteger(this.#out, this.at, 0x80, 0x7f, firstDynamicIndex + place);
        return;
      }
      if (
        value.length <= longestIndexed &&
        (this.#eager || this.#table.repeated(name, value)) &&
        !uncleanValue.test(value)
      ) {
        this.#literal(0x40, 0x3f, rule, name, value, this.#huffmanIndexed);
        this.#table.insert(name, value);
        return;
      }
    }
    const flags = indexing === Indexing.Never ? 0x10 : 0;
    if (this.#huffmanOther) {
      this.#literal(flags, 0x0f, rule, name, cleanValue(value), this.#huffmanOther);
      return;
    }
    this.#name(flags, 0x0f, rule, name, false);
    const padded =
      value !== '' && (value.charCodeAt(0) <= 0x20 || value.charCodeAt(value.length - 1) <= 0x20);
    if (padded || !this.#short(value, VALUE)) this.#string(cleanValue(value), false);
  }

  #literal(flags: number, mask: number, rule: Rule, name: string, value: string, huffman: boolean): void {
    this.#name(flags, mask, rule, name, huffman);
    this.#string(value, huffman);
  }

  #name(flags: number, mask: number, rule: Rule, name: string, huffman: boolean): void {
    let { index } = rule;
    if (index === 0) {
      const place = this.#table.findName(name);
      if (place >= 0) index = firstDynamicIndex + place;
    }
    this.at = writeInteger(this.#out, this.at, flags, mask, index);
    if (index > 0) return;
    if (huffman || !this.#short(name, NAME)) this.#string(cleanName(name), huffman);
  }

  /** Checked as it is written: what is sent most often needs no second look. False: too long, or unclean. */
  #short(text: string, allowed: Uint8Array): boolean {
    const { length } = text;
    if (length >= short) return false;
    const out = this.#out;
    let at = this.at;
    let clean = 1;
    out[at++] = length;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      clean &= allowed[code] ?? 0;
      out[at++] = code;
    }
    if (clean === 1) this.at = at;
    return clean === 1;
  }

  #string(text: string, huffman: boolean): void {
    const out = this.#out;
    const { length } = text;
    if (huffman && length > 0) {
      const coded = huffmanLength(text);
      if (coded < length) {
        this.at = huffmanEncode(text, out, writeInteger(out, this.at, 0x80, 0x7f, coded));
        return;
      }
    }
    const at = writeInteger(out, this.at, 0, 0x7f, length);
    this.at = at + out.write(text, at, 'latin1');
  }
}

/** Room that a field takes at most, a size update or two included: its characters may become UTF-8. */
export function mostBytes(name: string, value: string): number {
  return name.length + value.length * 3 + 24;
}

function indexingOf(rule: Rule, name: string, value: string): Indexing {
  return name === 'cookie' && value.length < guessable ? Indexing.Never : rule.indexing;
}

/** What comes from the wire is clean, but filters and rewrites may have put anything into a field. */
function cleanValue(value: string): string {
  if (!uncleanValue.test(value)) return value;
  return Buffer.from(value, 'utf8')
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '?')
    .replace(/^[\t ]+|[\t ]+$/g, '');
}

function cleanName(name: string): string {
  if (name === '') return '_';
  const rest = name.startsWith(':') ? name.slice(1) : name;
  return uncleanName.test(rest) ? name.toLowerCase().replace(/[^:!#$%&'*+\-.^_`|~0-9a-z]/g, '_') : name;
}

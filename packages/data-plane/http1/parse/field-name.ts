/** What the codec itself does with a field. */
export const Role = {
  None: 0,
  Host: 1,
  ContentLength: 2,
  TransferEncoding: 3,
  Connection: 4,
  Upgrade: 5,
  /** Belongs to one hop, dropped (RFC 9110 section 7.6.1). */
  Hop: 6,
  Te: 7,
} as const;
export type Role = (typeof Role)[keyof typeof Role];

const roles: ReadonlyMap<string, Role> = new Map<string, Role>([
  ['host', Role.Host],
  ['content-length', Role.ContentLength],
  ['transfer-encoding', Role.TransferEncoding],
  ['connection', Role.Connection],
  ['upgrade', Role.Upgrade],
  ['keep-alive', Role.Hop],
  ['proxy-connection', Role.Hop],
  // Only means something to the hop that answers an h2c upgrade, which we never offer (RFC 9113 section 3.1).
  ['http2-settings', Role.Hop],
  ['te', Role.Te],
]);

/** Fields whose values come again and again, and are nobody's secret: how long a comparison takes tells nothing. */
const repeating: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'host',
  'keep-alive',
  'server',
  'te',
  'transfer-encoding',
  'user-agent',
  'vary',
  'via',
  'x-envoy-attempt-count',
  'x-forwarded-proto',
  'x-powered-by',
]);
/** Longer values are not kept. */
export const longestRepeating = 128;

/** Whether the last value of a field (lower case) may be kept. */
export function valuesRepeat(lower: string): boolean {
  return repeating.has(lower);
}

/** V8 copies shorter slices; a longer one would keep the whole head that it is of. */
const shortestSlice = 13;

class FieldName {
  readonly spelled: string;
  readonly lower: string;
  readonly role: Role;
  readonly #repeating: boolean;
  /** The last value, where values repeat: the next is likely the same, and needs no string of its own. */
  lastValue = '';

  constructor(spelled: string) {
    this.spelled = spelled;
    this.lower = spelled.toLowerCase();
    this.role = roles.get(this.lower) ?? Role.None;
    this.#repeating = valuesRepeat(this.lower);
  }

  /** A value that is not the last one: `bytes[from, to)`, also `text` from `textFrom` on. */
  newValue(bytes: Buffer, from: number, to: number, text: string, textFrom: number): string {
    const length = to - from;
    if (!this.#repeating || length > longestRepeating) return text.slice(textFrom, textFrom + length);
    this.lastValue =
      length < shortestSlice ? text.slice(textFrom, textFrom + length) : bytes.toString('latin1', from, to);
    return this.lastValue;
  }
}

/**
 * Field names seen before, so that the same twenty names don't make new strings per message. Direct mapped
 * and bounded: a peer that sends many names only empties places. Holds no decision, so sharing it between
 * connections tells nobody anything.
 */
const places = 1024;
const longest = 48;
const seen: (FieldName | undefined)[] = new Array(places).fill(undefined);

/** The name at `bytes[from, to)`, whose `hash` the caller summed up as `hash * 31 + byte`. */
export function internFieldName(bytes: Uint8Array, from: number, to: number, hash: number): FieldName {
  const place = (hash ^ (hash >>> 11)) & (places - 1);
  const known = seen[place];
  const length = to - from;
  if (known !== undefined && known.spelled.length === length) {
    const spelled = known.spelled;
    let at = 0;
    while (at < length && spelled.charCodeAt(at) === bytes[from + at]) at++;
    if (at === length) return known;
  }
  let spelled = '';
  for (let at = from; at < to; at++) spelled += String.fromCharCode(bytes[at] as number);
  const name = new FieldName(spelled);
  if (length <= longest) seen[place] = name;
  return name;
}

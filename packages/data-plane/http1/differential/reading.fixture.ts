/** What a reader of HTTP/1.1 has understood of some bytes; two readers that agree are equal, field by field. */
export interface Message {
  /** `METHOD host target`, or `STATUS reason`. */
  readonly start: string;
  /** `name: value` of what is meant for the end, names in lower case. */
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  /** The connection can be used again; undefined: the reader does not say. */
  readonly keepAlive: boolean | undefined;
}

export interface Reading {
  /** Those that are complete. */
  readonly messages: readonly Message[];
  /** The one whose body has not come to its end. */
  readonly open: Omit<Message, 'trailers' | 'keepAlive'> | undefined;
  /** Why it read no further. */
  readonly refused: string | undefined;
  /** The messages said that nothing follows, or another protocol. */
  readonly over: boolean;
}

const hopFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'http2-settings',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Names and values in turn ⇒ the fields that RFC 9110 section 7.6.1 lets a proxy pass on.
 *
 * @param without names that the reader tells elsewhere, or that mean nothing in such a message
 */
export function endToEnd(raw: readonly string[], without: readonly string[]): string[] {
  const pairs: [name: string, value: string][] = [];
  for (let at = 0; at < raw.length; at += 2)
    pairs.push([(raw[at] as string).toLowerCase(), raw[at + 1] as string]);
  const named = new Set(
    pairs
      .filter(([name]) => name === 'connection')
      .flatMap(([, value]) => value.toLowerCase().split(','))
      .map((option) => option.trim())
      .filter((option) => option !== 'content-length' && option !== 'te'),
  );
  return pairs
    .filter(([name, value]) => {
      if (hopFields.has(name) || named.has(name) || without.includes(name)) return false;
      return (
        name !== 'te' ||
        value
          .toLowerCase()
          .split(',')
          .some((coding) => coding.trim() === 'trailers')
      );
    })
    .map(([name, value]) => `${name}: ${normal(name, value)}`);
}

/** Bytes in one piece, in two, or one by one. */
export function pieces(bytes: Buffer, cut: number | 'every'): Buffer[] {
  if (cut === 'every') return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  return cut <= 0 || cut >= bytes.length ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut)];
}

/** What a proxy writes in one way only. */
function normal(name: string, value: string): string {
  if (name === 'te') return 'trailers';
  return name === 'content-length' && /^0\d*$/.test(value) ? String(Number(value)) : value;
}

import { TOKEN } from '../../http1/bytes.ts';

/** What the codec itself does with a field. */
export const Role = {
  None: 0,
  Method: 1,
  Path: 2,
  Scheme: 3,
  Authority: 4,
  Status: 5,
  Protocol: 6,
  /** Starts with a colon and is none of the above. */
  UnknownPseudo: 7,
  ContentLength: 8,
  Host: 9,
  Te: 10,
  Cookie: 11,
  /** Of HTTP/1 only (RFC 9113 section 8.2.2). */
  Connection: 12,
  /** Not a lower-case token. */
  Invalid: 13,
} as const;
export type Role = (typeof Role)[keyof typeof Role];

const roles: ReadonlyMap<string, Role> = new Map<string, Role>([
  [':method', Role.Method],
  [':path', Role.Path],
  [':scheme', Role.Scheme],
  [':authority', Role.Authority],
  [':status', Role.Status],
  [':protocol', Role.Protocol],
  ['content-length', Role.ContentLength],
  ['host', Role.Host],
  ['te', Role.Te],
  ['cookie', Role.Cookie],
  ['connection', Role.Connection],
  ['keep-alive', Role.Connection],
  ['proxy-connection', Role.Connection],
  ['transfer-encoding', Role.Connection],
  ['upgrade', Role.Connection],
]);

export class FieldName {
  readonly text: string;
  readonly role: Role;

  constructor(text: string) {
    this.text = text;
    this.role = roles.get(text) ?? roleByForm(text);
  }
}

function roleByForm(text: string): Role {
  if (text.startsWith(':')) return Role.UnknownPseudo;
  if (text === '') return Role.Invalid;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (TOKEN[code] !== 1 || (code >= 0x41 && code <= 0x5a)) return Role.Invalid;
  }
  return Role.None;
}

/** A field as the tables of HPACK hold it. */
export class Field {
  readonly name: FieldName;
  readonly value: string;
  /** The value's characters may be in a field value, and it neither begins nor ends with white space. */
  readonly valid: boolean;
  /** As RFC 7541 section 4.1 counts. */
  readonly size: number;

  constructor(name: FieldName, value: string, valid: boolean) {
    this.name = name;
    this.value = value;
    this.valid = valid;
    this.size = name.text.length + value.length + 32;
  }
}

/** As in `../../http1/parse/field-name.ts`: names seen before, direct mapped, bounded. */
const places = 1024;
const longest = 48;
const seen: (FieldName | undefined)[] = new Array(places).fill(undefined);

/** The name at `bytes[from, to)`. */
export function internFieldName(bytes: Uint8Array, from: number, to: number): FieldName {
  let hash = 0;
  for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
  const place = (hash ^ (hash >>> 11)) & (places - 1);
  const known = seen[place];
  const length = to - from;
  if (known !== undefined && known.text.length === length) {
    const { text } = known;
    let at = 0;
    while (at < length && text.charCodeAt(at) === bytes[from + at]) at++;
    if (at === length) return known;
  }
  let text = '';
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at] as number);
  const name = new FieldName(text);
  if (length <= longest) seen[place] = name;
  return name;
}

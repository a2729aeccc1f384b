import type { TokenProvider } from '@tulle/decision/tables/tokens';
import type { RequestHead } from '../../http/stream.ts';

/** A token of a request. */
export interface Found {
  readonly token: string;
  /** Takes it out of the request. Cookies stay, as Envoy leaves them. */
  readonly remove: ((head: RequestHead) => void) | undefined;
}

type Places = Pick<TokenProvider, 'headers' | 'parameters' | 'cookies'>;

/** Where tokens are when nobody says (RFC 6750 sections 2.1 and 2.3). */
const usual: Places = {
  headers: [{ name: 'authorization', prefix: 'Bearer ' }],
  parameters: ['access_token'],
  cookies: [],
};

/** The places of a provider, or the usual ones. */
export const placesOf = (provider: Places): Places =>
  provider.headers.length + provider.parameters.length + provider.cookies.length === 0 ? usual : provider;

/** Every token at the places: each header line, the first parameter and the first cookie of a name. */
export function findTokens({ headers, parameters, cookies }: Places, head: RequestHead): Found[] {
  const found: Found[] = [];
  for (const { name, prefix } of headers) {
    const { headers: fields } = head;
    for (let at = fields.indexOf(name); at >= 0; at = fields.indexOf(name, at + 1)) {
      const token = afterPrefix(fields.valueAt(at), prefix);
      if (token !== undefined) found.push({ token, remove: (one) => one.headers.remove(name) });
    }
  }
  for (const name of parameters) {
    const token = parameter(head.path, name);
    if (token !== undefined) found.push({ token, remove: (one) => removeParameter(one, name) });
  }
  for (const name of cookies) {
    const token = cookie(head, name);
    if (token !== undefined) found.push({ token, remove: undefined });
  }
  return found;
}

/** What follows the prefix, wherever that stands, from the first character that a token can begin with (Envoy). */
function afterPrefix(value: string, prefix: string): string | undefined {
  if (prefix === '') return value;
  const at = value.indexOf(prefix);
  if (at < 0) return undefined;
  let start = at + prefix.length;
  while (start < value.length && !isTokenCharacter(value.charCodeAt(start))) start++;
  return start === value.length ? value : value.slice(start);
}

/** Base64url, and the dot. */
const isTokenCharacter = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x30 && code <= 0x39) ||
  code === 0x2d ||
  code === 0x2e ||
  code === 0x5f;

function parameter(path: string, wanted: string): string | undefined {
  const query = path.indexOf('?');
  if (query < 0) return undefined;
  for (const pair of path.slice(query + 1).split('&')) {
    const [name, value] = partsOf(pair);
    if (unescaped(name) === wanted) return unescaped(value);
  }
  return undefined;
}

function removeParameter(head: RequestHead, unwanted: string): void {
  const query = head.path.indexOf('?');
  const kept = head.path
    .slice(query + 1)
    .split('&')
    .filter((pair) => unescaped(partsOf(pair)[0]) !== unwanted);
  head.path = head.path.slice(0, query) + (kept.length === 0 ? '' : `?${kept.join('&')}`);
}

function partsOf(pair: string): readonly [name: string, value: string] {
  const equals = pair.indexOf('=');
  return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
}

/** Malformed escapes stay as they are. */
function unescaped(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function cookie({ headers }: RequestHead, wanted: string): string | undefined {
  for (let at = headers.indexOf('cookie'); at >= 0; at = headers.indexOf('cookie', at + 1)) {
    for (const part of headers.valueAt(at).split(';')) {
      const [name, value] = partsOf(part.trim());
      if (name === wanted) return value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
    }
  }
  return undefined;
}

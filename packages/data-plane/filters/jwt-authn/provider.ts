import { valueAt } from '@tulle/decision/dynamic-metadata';
import type { TokenProvider } from '@tulle/decision/tables/tokens';
import type { JsonObject, JsonValue } from '@tulle/xds/json';
import type { RequestHead } from '../../http/stream.ts';
import { TokenFault } from './fault.ts';
import { KeySet } from './keys.ts';
import { type Found, findTokens, placesOf } from './places.ts';
import { parseToken, type Token } from './token.ts';
import { TokenCache } from './token-cache.ts';

/** What a token that was verified adds to its request. */
export interface Verified {
  readonly notBefore: number;
  readonly expires: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** For the request's metadata. */
  readonly claims: JsonObject;
}

/** What verified tokens have told of a request. */
export interface Learnt {
  readonly claims: Record<string, JsonObject>;
  clearsRoute: boolean;
}

/** An issuer, ready to verify its tokens. */
export class Provider {
  readonly config: TokenProvider;
  /** Fields that are ours to say: what clients send there is removed. */
  readonly ownHeaders: readonly string[];
  readonly #places: ReturnType<typeof placesOf>;
  readonly #keys: KeySet;
  readonly #audiences: ReadonlySet<string>;
  readonly #verified = new TokenCache<Verified>();

  /** @throws Error for a key set that is none */
  constructor(config: TokenProvider) {
    this.config = config;
    this.#places = placesOf(config);
    this.#keys = new KeySet(config.keySet);
    this.#audiences = new Set(config.audiences.map(plainAudience));
    this.ownHeaders = [
      ...(config.payloadHeader === '' ? [] : [config.payloadHeader]),
      ...config.claimHeaders.map(({ header }) => header),
    ];
  }

  tokensOf(head: RequestHead): Found[] {
    return findTokens(this.#places, head);
  }

  /** The request then has what the token says. */
  apply({ headers, claims }: Verified, head: RequestHead, learnt: Learnt): void {
    const { metadataKey, clearsRoute } = this.config;
    for (const [name, value] of headers) head.headers.add(name, value);
    if (metadataKey !== '') learnt.claims[metadataKey] = claims;
    if (clearsRoute) learnt.clearsRoute = true;
  }

  /** @param now seconds since the epoch */
  verify(text: string, now: number): Verified | TokenFault {
    const known = this.#verified.get(text);
    if (known !== undefined) {
      const late = this.#timeFault(known, now);
      if (late !== undefined) this.#verified.delete(text);
      return late ?? known;
    }
    const token = parseToken(text);
    if (typeof token === 'string') return token;
    const { issuer } = this.config;
    const fault =
      issuer !== '' && token.issuer !== issuer
        ? TokenFault.UnknownIssuer
        : (this.#timeFault(token, now) ?? this.#audienceFault(token) ?? this.#keys.fault(token));
    if (fault !== undefined) return fault;
    const verified = this.#outcome(token);
    this.#verified.set(text, verified);
    return verified;
  }

  #timeFault(
    { notBefore, expires }: Pick<Token, 'notBefore' | 'expires'>,
    now: number,
  ): TokenFault | undefined {
    const { clockSkewSeconds } = this.config;
    if (now + clockSkewSeconds < notBefore) return TokenFault.NotYetValid;
    return expires > 0 && now > expires + clockSkewSeconds ? TokenFault.Expired : undefined;
  }

  #audienceFault({ audiences }: Token): TokenFault | undefined {
    if (this.#audiences.size === 0 || audiences.some((one) => this.#audiences.has(plainAudience(one))))
      return undefined;
    return TokenFault.Audience;
  }

  #outcome({ claims, payload, notBefore, expires }: Token): Verified {
    const { payloadHeader, padsPayload, claimHeaders, wordLists } = this.config;
    const headers: [string, string][] = [];
    if (payloadHeader !== '')
      headers.push([
        payloadHeader,
        padsPayload ? payload.padEnd(Math.ceil(payload.length / 4) * 4, '=') : payload,
      ]);
    for (const { header, claim } of claimHeaders) {
      const text = headerText(valueAt(claims, claim));
      if (text !== '') headers.push([header, text]);
    }
    return { notBefore, expires, headers, claims: withWordLists(claims, wordLists) };
  }
}

/** Envoy: neither scheme nor a slash at the end tell audiences apart. */
const plainAudience = (audience: string): string => audience.replace(/^https?:\/\//, '').replace(/\/$/, '');

/** As Envoy puts a claim into a header; empty: not at all. What is no valid value for a field is not passed on. */
function headerText(value: JsonValue | undefined): string {
  switch (typeof value) {
    case 'string': {
      const bytes = Buffer.from(value).toString('latin1');
      return isFieldValue(bytes) ? bytes : '';
    }
    case 'number':
      return numberText(value);
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? '' : Buffer.from(JSON.stringify(value)).toString('base64');
    default:
      return '';
  }
}

/** Numbers are doubles to Envoy: natural ones it writes as such, others with six digits behind the point. */
const numberText = (value: number): string =>
  Number.isInteger(value) && value >= 0 && value < 2 ** 64 ? BigInt(value).toString() : fixed(value);

/** `toFixed` gives up on digits from 10^21 on. */
const fixed = (value: number): string =>
  Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;

/** A claim must not be a way to write other fields (RFC 9110 section 5.5). */
function isFieldValue(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return false;
  }
  return true;
}

function withWordLists(claims: JsonObject, names: readonly string[]): JsonObject {
  const texts = names.filter((name) => Object.hasOwn(claims, name) && typeof claims[name] === 'string');
  if (texts.length === 0) return claims;
  const words = texts.map((name) => [
    name,
    (claims[name] as string).split(' ').filter((word) => word !== ''),
  ]);
  return { ...claims, ...Object.fromEntries(words) };
}

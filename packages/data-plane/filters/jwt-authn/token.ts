import type { JsonObject, JsonValue } from '@tulle/xds/json';
import { algorithms } from './algorithms.ts';
import { TokenFault } from './fault.ts';

/** What a token says; nothing of it is true before its signature is verified. */
export interface Token {
  readonly algorithm: string;
  readonly keyId: string | undefined;
  readonly claims: JsonObject;
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Seconds since the epoch; 0: none. */
  readonly notBefore: number;
  readonly expires: number;
  /** As it stood in the token. */
  readonly payload: string;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** Longer ones are none: V8 hashes the whole of a text only up to here, and no header of ours is much longer. */
const maxLength = 16_000;

/**
 * JWS compact serialization (RFC 7515 section 3.1) of a JWT. Stricter than most: base64url that decodes to the same bytes
 * as other text is refused, so that a token has one form.
 */
export function parseToken(text: string): Token | TokenFault {
  const first = text.indexOf('.');
  const second = text.indexOf('.', first + 1);
  if (text.length > maxLength || first < 0 || second < 0 || text.indexOf('.', second + 1) >= 0)
    return TokenFault.BadFormat;
  const header = objectOf(text.slice(0, first), TokenFault.HeaderBase64, TokenFault.HeaderJson);
  if (typeof header === 'string') return header;
  const { alg, kid, crit } = header;
  if (typeof alg !== 'string') return TokenFault.HeaderAlg;
  if (!algorithms.has(alg)) return TokenFault.HeaderAlgUnknown;
  if (kid !== undefined && typeof kid !== 'string') return TokenFault.HeaderKid;
  // RFC 7515 section 4.1.11: what must be understood and is not makes the token invalid.
  if (crit !== undefined) return TokenFault.HeaderCritical;
  const payload = text.slice(first + 1, second);
  const claims = objectOf(payload, TokenFault.PayloadBase64, TokenFault.PayloadJson);
  if (typeof claims === 'string') return claims;
  const { iss = '', sub = '', aud, nbf = 0, exp = 0, iat = 0 } = claims;
  const audiences = listOfTexts(aud);
  if (typeof iss !== 'string' || typeof sub !== 'string' || audiences === undefined)
    return TokenFault.PayloadClaim;
  if (!isTime(nbf) || !isTime(exp) || !isTime(iat)) return TokenFault.PayloadClaim;
  const signature = decoded(text.slice(second + 1));
  if (signature === undefined) return TokenFault.SignatureBase64;
  return {
    algorithm: alg,
    keyId: kid,
    claims,
    issuer: iss,
    audiences,
    notBefore: nbf,
    expires: exp,
    payload,
    signed: Buffer.from(text.slice(0, second), 'latin1'),
    signature,
  };
}

function decoded(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return text !== '' && bytes.toString('base64url') === text ? bytes : undefined;
}

function objectOf(text: string, badBase64: TokenFault, badJson: TokenFault): JsonObject | TokenFault {
  const bytes = decoded(text);
  if (bytes === undefined) return badBase64;
  try {
    const value = JSON.parse(bytes.toString('utf8')) as JsonValue;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : badJson;
  } catch {
    return badJson;
  }
}

function listOfTexts(value: JsonValue | undefined): readonly string[] | undefined {
  if (value === undefined) return [];
  const list = Array.isArray(value) ? value : [value];
  return list.every((item) => typeof item === 'string') ? (list as string[]) : undefined;
}

const isTime = (value: JsonValue): value is number => typeof value === 'number' && value >= 0;

import { isJsonObject } from '../../json-object.ts';

/** What keeps a JSON Web Key Set (RFC 7517) from verifying tokens; undefined: it has a public key that can. */
export function keySetProblem(text: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  const keys = isJsonObject(parsed) ? parsed.keys : undefined;
  if (!Array.isArray(keys)) return 'has no list "keys"';
  if (keys.some((key) => isJsonObject(key) && 'd' in key))
    return 'has a private key (with "d"), which belongs to the issuer';
  if (keys.some(isVerifying)) return undefined;
  return 'has no public key of type RSA, EC or OKP';
}

/** Only public keys verify: a shared secret (`oct`) would let everybody who can read it make tokens. */
const isVerifying = (key: unknown): boolean =>
  isJsonObject(key) && (key.kty === 'RSA' || key.kty === 'EC' || key.kty === 'OKP');

import { createPublicKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto';
import { algorithms } from './algorithms.ts';
import { TokenFault } from './fault.ts';
import type { Token } from './token.ts';

/** A public key of an issuer. */
interface Key {
  readonly id: string | undefined;
  /** The one `alg` that it is for; undefined: all that fit its type. */
  readonly algorithm: string | undefined;
  readonly key: KeyObject;
}

/** RFC 7518 section 3.3. */
const minModulusBits = 2048;

/** The keys of one issuer (JWKS, RFC 7517). Those that can't verify signatures are passed over. */
export class KeySet {
  readonly #keys: readonly Key[];

  /** @throws Error for what is no key set */
  constructor(text: string) {
    const { keys } = JSON.parse(text) as { readonly keys?: unknown };
    if (!Array.isArray(keys)) throw new Error('a JSON Web Key Set must have a list "keys"');
    this.#keys = keys.flatMap((one) => keyOf(one) ?? []);
  }

  /** Undefined: one of the keys has signed the token. */
  fault({ algorithm: name, keyId, signed, signature }: Token): TokenFault | undefined {
    const algorithm = algorithms.get(name);
    if (algorithm === undefined) return TokenFault.HeaderAlgUnknown;
    if (this.#keys.length === 0) return TokenFault.NoKeys;
    let fault: TokenFault = TokenFault.NoMatchingKey;
    for (const { id, algorithm: only, key } of this.#keys) {
      if (keyId !== undefined && id !== undefined && id !== keyId) continue;
      if (only !== undefined && only !== name) continue;
      if (key.asymmetricKeyType !== algorithm.keyType) continue;
      if (algorithm.curve !== undefined && key.asymmetricKeyDetails?.namedCurve !== algorithm.curve) continue;
      if (algorithm.verify(signed, key, signature)) return undefined;
      fault = TokenFault.Signature;
    }
    return fault;
  }
}

type Jwk = JsonWebKeyInput['key'] & {
  readonly use?: unknown;
  readonly key_ops?: unknown;
  readonly kid?: unknown;
  readonly alg?: unknown;
};

function keyOf(value: unknown): Key | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const jwk = value as Jwk;
  const { kty, use, key_ops: operations, kid, alg } = jwk;
  if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (Array.isArray(operations) && !operations.includes('verify')) return undefined;
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    if (kty === 'RSA' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < minModulusBits) return undefined;
    return {
      id: typeof kid === 'string' ? kid : undefined,
      algorithm: typeof alg === 'string' ? alg : undefined,
      key,
    };
  } catch {
    // Of a curve or form that OpenSSL has no name for.
    return undefined;
  }
}

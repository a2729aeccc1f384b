import { constants, type KeyObject, verify } from 'node:crypto';

/** How a signature of one `alg` is verified (RFC 7518 section 3.1, RFC 8037). */
export interface Algorithm {
  /** Node's name of the kind of key. */
  readonly keyType: string;
  /** Node's name of the curve, where the algorithm has one. */
  readonly curve: string | undefined;
  verify(signed: Buffer, key: KeyObject, signature: Buffer): boolean;
}

const rsa = (hash: string): Algorithm => ({
  keyType: 'rsa',
  curve: undefined,
  verify: (signed, key, signature) =>
    verify(hash, signed, { key, padding: constants.RSA_PKCS1_PADDING }, signature),
});

const rsaPss = (hash: string): Algorithm => ({
  keyType: 'rsa',
  curve: undefined,
  verify: (signed, key, signature) =>
    verify(
      hash,
      signed,
      { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
      signature,
    ),
});

const ecdsa = (hash: string, curve: string): Algorithm => ({
  keyType: 'ec',
  curve,
  verify: (signed, key, signature) => verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature),
});

/** Public keys only: neither `none` nor shared secrets, whatever a token says. */
export const algorithms: ReadonlyMap<string, Algorithm> = new Map([
  ['RS256', rsa('sha256')],
  ['RS384', rsa('sha384')],
  ['RS512', rsa('sha512')],
  ['PS256', rsaPss('sha256')],
  ['PS384', rsaPss('sha384')],
  ['PS512', rsaPss('sha512')],
  ['ES256', ecdsa('sha256', 'prime256v1')],
  ['ES384', ecdsa('sha384', 'secp384r1')],
  ['ES512', ecdsa('sha512', 'secp521r1')],
  [
    'EdDSA',
    {
      keyType: 'ed25519',
      curve: undefined,
      verify: (signed, key, signature) => verify(undefined, signed, key, signature),
    },
  ],
]);

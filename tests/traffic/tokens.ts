/** Issuers of tokens (JWT) that rows trust, each with a key of its own, made anew for each run. */
import { generateKeyPairSync, sign } from 'node:crypto';

export interface Issuer {
  readonly name: string;
  /** JSON Web Key Set, for YAML between single quotes. */
  readonly keySet: string;
  /** A token with `iss`, and `exp` in an hour, unless the claims say otherwise. */
  token(claims?: Readonly<Record<string, unknown>>): string;
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export function issuer(subject: string): Issuer {
  const { privateKey: key, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = `https://${subject}.issuer.test`;
  return {
    name,
    keySet: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: subject }] }),
    token(claims = {}) {
      const exp = Math.floor(Date.now() / 1000) + 3600;
      const signed = [
        { alg: 'ES256', kid: subject },
        { iss: name, exp, ...claims },
      ]
        .map(encoded)
        .join('.');
      const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
      return `${signed}.${signature.toString('base64url')}`;
    },
  };
}

/** The same token with another signature. */
export function forged(token: string): string {
  const at = token.lastIndexOf('.') + 1;
  const signature = Buffer.from(token.slice(at), 'base64url');
  signature[7] = (signature[7] ?? 0) ^ 1;
  return token.slice(0, at) + signature.toString('base64url');
}

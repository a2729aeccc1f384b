import type { TokenProvider } from '@tulle/decision/tables/tokens';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

/** An issuer of tokens, made by another implementation. */
export interface Issuer {
  readonly keySet: string;
  sign(claims: JWTPayload, header?: Readonly<Record<string, unknown>>): Promise<string>;
}

export async function issuer(alg = 'ES256', kid: string | undefined = 'k1'): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const id = kid === undefined ? {} : { kid };
  return {
    keySet: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), ...id }] }),
    sign: (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, ...id, ...header }).sign(privateKey),
  };
}

export const provider = (more: Partial<TokenProvider>): TokenProvider => ({
  name: 'p',
  issuer: 'https://issuer.example.com',
  audiences: [],
  keySet: '{"keys":[]}',
  headers: [],
  parameters: [],
  cookies: [],
  isForwarded: false,
  payloadHeader: '',
  padsPayload: false,
  claimHeaders: [],
  metadataKey: 'payload',
  wordLists: [],
  clockSkewSeconds: 60,
  clearsRoute: false,
  ...more,
});

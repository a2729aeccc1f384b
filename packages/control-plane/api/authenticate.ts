import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Whether an Authorization header carries the bearer token. Compared as digests in constant time, so that
 * neither content nor length of the token can be measured.
 */
export function createAuthenticator(token: string): (authorization: string | undefined) => boolean {
  if (token.length < 16) throw new Error('the API token must have at least 16 characters');
  const expected = digest(token);
  return (authorization) => {
    const given = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

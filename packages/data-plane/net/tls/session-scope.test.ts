import { expect, test } from 'vitest';
import { type SessionBasis, sessionScope } from './session-scope.ts';

const basis: SessionBasis = {
  ownKeyPem: 'key a',
  certificates: ['certificate a', 'certificate b'],
  roots: 'root a',
  revoked: ['list a'],
  requireClientCertificate: true,
};

test('every process of a proxy comes to the same scope', () => {
  const scope = sessionScope(basis);
  expect(sessionScope({ ...basis, certificates: [...basis.certificates] })).toEqual(scope);
  expect(scope.ticketKeys).toHaveLength(48);
  expect(scope.idContext.length).toBeLessThanOrEqual(32);
});

// Of equal length and number, as far as there can be: what has changed is what they say.
test.each<[what: string, change: Partial<SessionBasis>]>([
  ['another key of its own', { ownKeyPem: 'key b' }],
  [
    'another certificate (another listener, another name)',
    { certificates: ['certificate a', 'certificate c'] },
  ],
  ['other roots', { roots: 'root b' }],
  ['another list of the revoked', { revoked: ['list b'] }],
  ['no certificate of the client asked for', { requireClientCertificate: false }],
])('with %s no ticket of before opens, and OpenSSL knows another context', (_, change) => {
  const before = sessionScope(basis);
  const after = sessionScope({ ...basis, ...change });
  expect(after.ticketKeys.equals(before.ticketKeys)).toBe(false);
  // A ticket's name, its HMAC key and its AES key: none alone is left.
  for (const at of [0, 16, 32]) {
    const part = (keys: Buffer): string => keys.toString('hex', at, at + 16);
    expect(part(after.ticketKeys)).not.toBe(part(before.ticketKeys));
  }
  expect(after.idContext).not.toBe(before.idContext);
});

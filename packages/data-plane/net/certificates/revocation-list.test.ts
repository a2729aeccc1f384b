import { X509Certificate } from 'node:crypto';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { expect, test } from 'vitest';
import { isRevoked, readRevocations } from './revocation-list.ts';

test('a list names certificates of its own authority', async () => {
  const [ours, theirs] = await Promise.all([
    testAuthority({ name: 'ours' }),
    testAuthority({ name: 'theirs' }),
  ]);
  const leaves = await Promise.all(
    [ours, ours, theirs].map((issuer) => issuer.issue({ dnsNames: ['a.test'] })),
  );
  const der = leaves.map(({ chainPem }) => new X509Certificate(chainPem).raw);
  const [first, , third] = leaves;
  const revoked = (...lists: string[]) => der.map((one) => isRevoked(one, readRevocations(lists)));
  const oursLists = await ours.revoke(first as (typeof leaves)[0]);
  expect(revoked()).toEqual([false, false, false]);
  expect(revoked(oursLists)).toEqual([true, false, false]);
  const theirsLists = await theirs.revoke(third as (typeof leaves)[0]);
  expect(revoked(oursLists, theirsLists)).toEqual([true, false, true]);
});

test('what is no list says so', () => {
  const pem = (bytes: Buffer): string =>
    `-----BEGIN X509 CRL-----\n${bytes.toString('base64')}\n-----END X509 CRL-----`;
  for (const bytes of [Buffer.alloc(0), Buffer.from('3000', 'hex'), Buffer.from('3003020101', 'hex')])
    expect(() => readRevocations([pem(bytes)])).toThrow(RangeError);
});

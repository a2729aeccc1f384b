import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { expect, test } from 'vitest';
import { completeChain } from './chain.ts';
import { pemCertificates } from './pem.ts';

const fingerprints = (pem: string): string[] =>
  pemCertificates(pem).map(({ fingerprint256 }) => fingerprint256);

test('a leaf alone is shown with the root that signed it, among those of the same name', async () => {
  const [mesh, other] = [await testAuthority({ name: 'mesh' }), await testAuthority({ name: 'mesh' })];
  const { chainPem } = await mesh.issue({ dnsNames: ['one.test'] });
  const shown = completeChain(chainPem, `${other.rootPem}\n${mesh.rootPem}`);
  expect(fingerprints(shown)).toEqual(fingerprints(`${chainPem}\n${mesh.rootPem}`));
});

test('a chain is shown as it is, and so is a leaf of an issuer who is not there', async () => {
  const [mesh, other] = [await testAuthority({ name: 'mesh' }), await testAuthority({ name: 'other' })];
  const { chainPem } = await mesh.issue({ dnsNames: ['one.test'] });
  expect(completeChain(chainPem, other.rootPem)).toBe(chainPem);
  expect(completeChain(chainPem, '')).toBe(chainPem);
  const complete = `${chainPem}\n${other.rootPem}`;
  expect(completeChain(complete, mesh.rootPem)).toBe(complete);
});

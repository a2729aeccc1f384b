import { X509Certificate } from 'node:crypto';
import { type LeafRequest, type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { beforeAll, expect, test } from 'vitest';
import { readPeer } from './peer.ts';

const reviews = 'spiffe://mesh.test/ns/default/sa/reviews';
let authority: TestAuthority;
beforeAll(async () => {
  authority = await testAuthority();
});

async function peerOf(leaf: LeafRequest) {
  const { chainPem } = await authority.issue(leaf);
  return readPeer(new X509Certificate(chainPem).raw, 'mesh.test');
}

test('an SVID says who it is, for which instance, and how long', async () => {
  const notAfter = Math.floor(Date.now() / 1000) * 1000 + 60_000;
  const peer = await peerOf({ uris: [reviews], commonName: 'reviews-v1-0', notAfter });
  expect(peer).toMatchObject({
    identity: { namespace: 'default', serviceAccount: 'reviews' },
    bound: { commonName: 'reviews-v1-0' },
    notAfter,
  });
});

test.each<[what: string, leaf: LeafRequest]>([
  ['no URI', { dnsNames: ['reviews'] }],
  ['two URIs', { uris: [reviews, 'spiffe://mesh.test/ns/default/sa/ratings'] }],
  ['the same URI twice', { uris: [reviews, reviews] }],
  ['a name of another trust domain', { uris: ['spiffe://other.test/ns/default/sa/reviews'] }],
  ['a name that is no workload’s', { uris: ['spiffe://mesh.test'] }],
  ['the right to sign others', { uris: [reviews], isAuthority: true }],
])('a certificate with %s is nobody’s', async (_, leaf) => {
  expect(await peerOf(leaf)).toBeUndefined();
});

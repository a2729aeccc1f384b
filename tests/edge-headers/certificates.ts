import { testAuthority } from '@tulle/xds/test-authority.fixture';

/** For rows over TLS: who the edge is, whom it believes, and what a client shows. PEM. */
export interface Certificates {
  readonly roots: string;
  readonly edge: Pair;
  readonly client: Pair;
  readonly withoutUri: Pair;
}
interface Pair {
  readonly chainPem: string;
  readonly keyPem: string;
}

export const edgeUri = 'spiffe://mesh.test/ns/edge/sa/gateway';

export async function makeCertificates(): Promise<Certificates> {
  const authority = await testAuthority({ name: 'partners' });
  return {
    roots: authority.rootPem,
    edge: await authority.issue({ uris: [edgeUri] }),
    client: await authority.issue({
      commonName: 'alice',
      uris: ['https://partners.test/alice', 'urn:partners:alice'],
      dnsNames: ['alice.test', '*.alice.test'],
    }),
    withoutUri: await authority.issue({ commonName: 'bob', dnsNames: ['bob.test'] }),
  };
}

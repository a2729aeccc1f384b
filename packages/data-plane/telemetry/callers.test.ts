import { X509Certificate } from 'node:crypto';
import type { Caller } from '@tulle/decision/tables/endpoint';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { expect, test } from 'vitest';
import { Callers } from './callers.ts';

const caller = (workload: string, version: string, more: Partial<Caller> = {}): Caller => ({
  principal: 'spiffe://mesh/ns/default/sa/reviews',
  workload,
  namespace: 'default',
  app: 'reviews',
  version,
  canonicalName: 'reviews',
  canonicalRevision: version,
  cluster: '',
  ...more,
});
const peerUri = 'spiffe://mesh/ns/default/sa/reviews';
const one = new Map([['a', caller('reviews-v1', 'v1')]]);
const two = new Map([...one, ['b', caller('reviews-v2', 'v2')]]);

test('the one workload of an identity, in our cluster unless it says another', () => {
  const callers = new Callers('here');
  expect(callers.of({ peerUri }, one)).toMatchObject({ workload: 'reviews-v1', cluster: 'here' });
  expect(callers.of({ peerUri }, one)).toBe(callers.of({ peerUri }, one));
  expect(callers.of({ peerUri: 'spiffe://mesh/ns/default/sa/x' }, one)).toBeUndefined();
  expect(callers.of({}, one)).toBeUndefined();
  const away = new Map([['a', caller('reviews-v1', 'v1', { cluster: 'there' })]]);
  expect(callers.of({ peerUri }, away)).toMatchObject({ cluster: 'there' });
});

test('of several the one of the instance in the certificate, else what they have in common', async () => {
  const authority = await testAuthority();
  const certificate = async (commonName?: string): Promise<Buffer> => {
    const { chainPem } = await authority.issue({
      uris: [peerUri],
      ...(commonName === undefined ? {} : { commonName }),
    });
    return new X509Certificate(chainPem).raw;
  };
  const callers = new Callers('here');
  expect(callers.of({ peerUri, peerCertificate: await certificate('reviews-v2-13') }, two)).toMatchObject({
    workload: 'reviews-v2',
    version: 'v2',
  });
  for (const commonName of [undefined, 'reviews-v3-0', 'sha256-0f']) {
    expect(callers.of({ peerUri, peerCertificate: await certificate(commonName) }, two)).toEqual({
      workload: 'unknown',
      namespace: 'default',
      app: 'reviews',
      version: 'unknown',
      canonicalName: 'reviews',
      canonicalRevision: 'unknown',
      cluster: 'here',
    });
  }
});

import { expect, test } from 'vitest';
import { typeUrls } from '../resource.ts';
import { encode } from '../wire.ts';
import { rejectedNames } from './rejected-names.ts';
import { readDeltaRequest, readStateOfTheWorldRequest } from './request.ts';

const reason = (length: number) => ({
  typeUrl: typeUrls.cluster,
  errorDetail: { code: 3, message: 'x'.repeat(length) },
});

test.each([
  [
    'delta',
    (length: number) =>
      readDeltaRequest(encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', reason(length))),
  ],
  [
    'sotw',
    (length: number) =>
      readStateOfTheWorldRequest(encode('envoy.service.discovery.v3.DiscoveryRequest', reason(length))),
  ],
])('%s: of an endless reason only the beginning is kept', (_, read) => {
  expect(read(1_000).error?.message).toHaveLength(1_000);
  const { message = '' } = read(4_000_000).error ?? {};
  expect(message).toMatch(/^x{32768}…$/);
  // Names are looked for in it, on the one thread that serves all proxies.
  const names = Array.from({ length: 10_000 }, (__, at) => `outbound|80||service-${at}`);
  expect(rejectedNames(message, names).size).toBe(10_000);
});

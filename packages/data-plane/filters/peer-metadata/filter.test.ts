import { Headers } from '@tulle/decision/headers';
import { describe, expect, it } from 'vitest';
import type { ConnectionInfo } from '../../http/connection-info.ts';
import { StreamInfo } from '../../http/stream-info.ts';
import type { LimitEnvironment } from '../../limits/environment.ts';
import type { IstioMetrics } from '../../telemetry/istio-metrics.ts';
import { encodePeerMetadata } from '../../telemetry/peer-metadata.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import type { FilterStream } from '../filter.ts';
import { peerMetadataFilter } from './filter.ts';

const metadata = {
  NAMESPACE: 'default',
  SERVICE_ACCOUNT: 'reviews',
  NAME: 'reviews-v1-0',
  WORKLOAD_NAME: 'reviews-v1',
  LABELS: { app: 'reviews', version: 'v1' },
  CLUSTER_ID: 'c',
  MESH_ID: 'm',
  TULLE_ENGINE: 'tulle',
  TULLE_INBOUND: [],
  TULLE_OUTBOUND: { upstreams: [] },
  TULLE_ADMIN_PORT: 1,
} as const;
const header = encodePeerMetadata(metadata);
const byHeaders = [{ istio_headers: {} }];

const filter = peerMetadataFilter.create?.(
  { downstream_discovery: byHeaders, upstream_discovery: byHeaders, downstream_propagation: byHeaders },
  {
    direction: 'outbound',
    role: 'sidecar',
    node: { id: 'me', metadata },
    trustDomain: 'mesh.test',
    uri: 'spiffe://mesh.test/ns/default/sa/reviews',
    metrics: undefined as unknown as IstioMetrics,
    wheel: new TimerWheel(),
    random: () => 0,
    limits: undefined as unknown as LimitEnvironment,
    callCluster: () => () => {},
  },
);

/** What is learnt of a peer that shows `peerUri` and says `value`, and what is left of its header. */
function learn(from: 'caller' | 'server', peerUri: string): { peer: string | undefined; left: boolean } {
  const tls = peerUri === '' ? {} : { tls: { peerUri } };
  const info = new StreamInfo({ memo: new Map(), ...tls } as unknown as ConnectionInfo, 0, 0);
  if (from === 'server') {
    info.upstreamTls = true;
    info.upstreamPeerUri = peerUri;
  }
  const stream = { info } as unknown as FilterStream;
  const headers = Headers.of({ 'x-envoy-peer-metadata': header, 'x-envoy-peer-metadata-id': 'x' });
  const state = filter?.start?.(stream);
  const head = { headers } as never;
  if (from === 'caller') filter?.decodeHeaders?.(head, true, stream, state as never);
  else filter?.encodeHeaders?.(head, true, stream, state as never);
  return { peer: info.peer?.workload, left: [...headers].length > 0 };
}

it.each([
  ['with an identity', 'spiffe://mesh.test/ns/default/sa/reviews', [header, 'me']],
  ['in plain text', '', [undefined, undefined]],
])('a caller %s that asks by its own header', (_, peerUri, told) => {
  const tls = peerUri === '' ? {} : { tls: { peerUri } };
  const info = new StreamInfo({ memo: new Map(), ...tls } as unknown as ConnectionInfo, 0, 0);
  const stream = { info } as unknown as FilterStream;
  const state = filter?.start?.(stream) as never;
  const asked = Headers.of({ 'x-envoy-peer-metadata': header });
  filter?.decodeHeaders?.({ headers: asked } as never, true, stream, state);
  const answer = Headers.of({});
  filter?.encodeHeaders?.({ headers: answer } as never, true, stream, state);
  expect(['x-envoy-peer-metadata', 'x-envoy-peer-metadata-id'].map((name) => answer.get(name))).toEqual(told);
});

describe.each(['caller', 'server'] as const)('a %s', (from) => {
  it.each([
    ['the identity that it names', 'spiffe://mesh.test/ns/default/sa/reviews', 'reviews-v1'],
    ['another account', 'spiffe://mesh.test/ns/default/sa/ratings', undefined],
    ['another namespace', 'spiffe://mesh.test/ns/other/sa/reviews', undefined],
    ['no identity, by TLS or not', '', undefined],
    ['a certificate of the web', 'https://example.com', undefined],
  ])('with %s', (_, uri, workload) => {
    expect(learn(from, uri)).toEqual({ peer: workload, left: false });
  });
});

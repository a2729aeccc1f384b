import type { Protocol, Shape } from '../peers/peer.ts';
import { direct, hopsOf } from './hops.ts';
import { meshPair } from './mesh.ts';
import type { NotYet, Scenario } from './scenario.ts';

const mebibyte = 1024 * 1024;

const plain = (protocol: Protocol): Shape => ({ protocol, mtls: 'none' });
/** The server's sidecar, then the client's. */
const mtlsPair = (protocol: Protocol): readonly Shape[] => [
  { protocol, mtls: 'in' },
  { protocol, mtls: 'out' },
];

const http2 = (connections: number, streams: number): Scenario => ({
  name: `http2-${connections}x${streams}`,
  kind: 'requests',
  ask: { path: '/1k', streams },
  connections,
  hops: 1,
  setUp: async (bench) => [...(await hopsOf(bench, [plain('http2')])), direct(bench, 'http2')],
});

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'http1',
    kind: 'requests',
    ask: { path: '/1k' },
    connections: 32,
    hops: 1,
    setUp: async (bench) => [...(await hopsOf(bench, [plain('http1')])), direct(bench)],
  },
  http2(4, 16),
  http2(32, 1),
  {
    name: 'mtls-pair-http1',
    kind: 'requests',
    ask: { path: '/1k' },
    connections: 32,
    hops: 2,
    setUp: (bench) => hopsOf(bench, mtlsPair('http1')),
  },
  {
    name: 'mesh-pair',
    kind: 'requests',
    ask: { path: '/1k' },
    connections: 32,
    hops: 2,
    setUp: async (bench) => [await meshPair(bench, 'tulle'), await meshPair(bench, 'envoy'), direct(bench)],
  },
  {
    name: 'grpc-unary-mtls',
    kind: 'requests',
    ask: { path: '/bench.Echo/Unary', streams: 16, grpc: true },
    connections: 4,
    hops: 2,
    setUp: (bench) => hopsOf(bench, mtlsPair('http2')),
  },
  {
    name: 'new-mtls-connection',
    kind: 'handshakes',
    ask: { path: '/1k' },
    connections: 8,
    hops: 1,
    setUp: (bench) => hopsOf(bench, [{ protocol: 'http1', mtls: 'in' }]),
  },
  {
    name: 'tls-resumed',
    kind: 'resumptions',
    ask: { path: '/1k' },
    connections: 8,
    hops: 1,
    setUp: (bench) => hopsOf(bench, [{ protocol: 'http1', mtls: 'in' }]),
  },
  {
    name: 'bulk-1mib',
    kind: 'requests',
    ask: { path: '/1m' },
    connections: 8,
    bytes: mebibyte,
    hops: 1,
    setUp: (bench) => hopsOf(bench, [plain('http1')]),
  },
  {
    name: 'tcp',
    kind: 'requests',
    ask: { path: '/1m' },
    connections: 8,
    bytes: mebibyte,
    hops: 1,
    setUp: (bench) => hopsOf(bench, [plain('tcp')]),
  },
  {
    name: 'idle-connections',
    kind: 'idle',
    ask: { path: '/1k' },
    connections: 9_000,
    hops: 1,
    setUp: (bench) => hopsOf(bench, [plain('http1')]),
  },
];

export const notYet: readonly NotYet[] = [];

import { direct, hopsOf } from './hops.ts';
import { meshPair } from './mesh.ts';
import type { NotYet, Scenario } from './scenario.ts';

const mebibyte = 1024 * 1024;

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'http1',
    kind: 'requests',
    path: '/1k',
    connections: 32,
    hops: 1,
    setUp: async (bench) => [...(await hopsOf(bench, ['http'])), direct(bench)],
  },
  {
    name: 'mtls-pair-http1',
    kind: 'requests',
    path: '/1k',
    connections: 32,
    hops: 2,
    setUp: (bench) => hopsOf(bench, ['mtls-in', 'mtls-out']),
  },
  {
    name: 'mesh-pair',
    kind: 'requests',
    path: '/1k',
    connections: 32,
    hops: 2,
    setUp: async (bench) => [await meshPair(bench, 'tulle'), await meshPair(bench, 'envoy'), direct(bench)],
  },
  {
    name: 'new-mtls-connection',
    kind: 'handshakes',
    path: '/1k',
    connections: 8,
    hops: 1,
    setUp: (bench) => hopsOf(bench, ['mtls-in']),
  },
  {
    name: 'bulk-1mib',
    kind: 'requests',
    path: '/1m',
    connections: 8,
    bytes: mebibyte,
    hops: 1,
    setUp: (bench) => hopsOf(bench, ['http']),
  },
  {
    name: 'tcp',
    kind: 'requests',
    path: '/1m',
    connections: 8,
    bytes: mebibyte,
    hops: 1,
    setUp: (bench) => hopsOf(bench, ['tcp']),
  },
  {
    name: 'idle-connections',
    kind: 'idle',
    path: '/1k',
    connections: 9_000,
    hops: 1,
    setUp: (bench) => hopsOf(bench, ['http']),
  },
];

const codec = 'HTTP/2 is not wired into listeners and pools yet';

export const notYet: readonly NotYet[] = [
  { name: 'http2-4x16', why: codec },
  { name: 'http2-32x1', why: codec },
  { name: 'grpc-unary-mtls', why: codec },
  { name: 'tls-resumed', why: 'tickets follow the trust bundle by a rule that is not built yet' },
];

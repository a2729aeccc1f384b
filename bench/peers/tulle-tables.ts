import {
  chain,
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  retry,
  route,
  routeTable,
  tables,
} from '@tulle/data-plane/testing/tables';
import type { RetryPolicy } from '@tulle/decision/tables/retry-policy';
import type { Tables } from '@tulle/decision/tables/tables';
import type { DownstreamTls, UpstreamTls } from '@tulle/decision/tables/tls';
import type { HopPlan } from './peer.ts';

const limits = { connections: 100_000, pending: 100_000, requests: 100_000, retries: 100_000 };
const hourMs = 3_600_000;

/** As Istio sends it to every route. */
const istioRetry: RetryPolicy = retry({
  retries: 2,
  on: new Set(['connect-failure', 'refused-stream', 'unavailable', 'cancelled', 'retriable-status-codes']),
  statuses: new Set([503]),
  backoffBaseMs: 25,
  backoffMaxMs: 250,
});

const filters = [
  { name: 'istio.stats', typeUrl: 'type.googleapis.com/stats.PluginConfig', config: {} },
  {
    name: 'envoy.filters.http.router',
    typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
    config: {},
  },
];

/** The tables of one hop: the same work as the other peers' configurations ask for. */
export function hopTables({ shape, port, upstreamPort, certificates: { uri } }: HopPlan): Tables {
  const managed = manager(
    routeTable([host([route(forward('out', { retry: istioRetry }))], { name: 'any' })]),
    { filters, idleTimeoutMs: hourMs, streamIdleTimeoutMs: 300_000 },
  );
  const tcp = chain({
    kind: 'tcp',
    proxy: {
      statPrefix: 'in',
      clusters: forward('out').clusters,
      idleTimeoutMs: hourMs,
      maxConnectAttempts: 1,
      accessLogs: [],
    },
  });
  const alpn = shape.protocol === 'http2' ? ['h2'] : [];
  const http = httpChain(managed, shape.mtls === 'in' ? { tls: downstreamTls(uri, alpn) } : {});
  return tables({
    listeners: [
      listener('in', [shape.protocol === 'tcp' ? tcp : http], {
        port,
        direction: shape.mtls === 'in' ? 'inbound' : 'outbound',
      }),
    ],
    clusters: [
      cluster('out', [endpoint(upstreamPort)], {
        breakers: { default: limits, high: limits },
        idleTimeoutMs: hourMs,
        protocol: shape.protocol === 'http2' ? 'http2' : 'http1',
        ...(shape.mtls === 'out' ? { tls: upstreamTls(uri, alpn) } : {}),
      }),
    ],
  });
}

const versions = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', cipherSuites: [], ecdhCurves: [] } as const;
const peersOf = (uri: string) => ({
  rootsSecret: 'ROOTCA',
  subjectAltNames: [(shown: string) => shown === uri],
});

const downstreamTls = (uri: string, alpn: readonly string[]): DownstreamTls => ({
  ...versions,
  alpn,
  requireClientCertificate: true,
  certificateSecrets: ['default'],
  sessionTimeoutMs: 3_600_000,
  validation: peersOf(uri),
});

const upstreamTls = (uri: string, alpn: readonly string[]): UpstreamTls => ({
  ...versions,
  alpn,
  sni: 'outbound_.80_._.server.default.svc.cluster.local',
  resumeSessions: true,
  certificateSecret: 'default',
  validation: peersOf(uri),
});

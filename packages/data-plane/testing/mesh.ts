import type { Endpoint, WorkloadLabels } from '@tulle/decision/tables/endpoint';
import type { DownstreamTls, UpstreamTls } from '@tulle/decision/tables/tls';
import type { ProxyMetadata } from '@tulle/xds/node';
import type { TestAuthority } from '@tulle/xds/test-authority.fixture';
import type { IdentityMaterial } from '../secrets.ts';
import { metadata } from './engine.ts';
import { endpoint } from './tables.ts';

export const uriOf = (account: string, namespace = 'default'): string =>
  `spiffe://cluster.local/ns/${namespace}/sa/${account}`;

export async function identityFor(authority: TestAuthority, account: string): Promise<IdentityMaterial> {
  const leaf = await authority.issue({ uris: [uriOf(account)] });
  return { ...leaf, rootsPem: authority.rootPem };
}

export const mtlsInbound: DownstreamTls = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  cipherSuites: [],
  ecdhCurves: [],
  alpn: [],
  requireClientCertificate: true,
  certificateSecrets: ['default'],
  sessionTimeoutMs: 3_600_000,
  validation: {
    rootsSecret: 'ROOTCA',
    subjectAltNames: [(uri) => uri.startsWith('spiffe://cluster.local/')],
  },
};

export function mtlsOutbound(account: string): UpstreamTls {
  return {
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    cipherSuites: [],
    ecdhCurves: [],
    alpn: [],
    sni: 'outbound_.9080_._.server.default.svc.cluster.local',
    resumeSessions: true,
    certificateSecret: 'default',
    validation: { rootsSecret: 'ROOTCA', subjectAltNames: [(uri) => uri === uriOf(account)] },
  };
}

function labelsOf(workload: string): WorkloadLabels {
  return {
    workload,
    namespace: 'default',
    app: workload,
    version: 'v1',
    canonicalName: workload,
    canonicalRevision: 'v1',
    cluster: 'tulle',
  };
}

export const meshed = (port: number, workload: string, more: Partial<Endpoint> = {}): Endpoint =>
  endpoint(port, { transport: { tlsMode: 'istio' }, workload: labelsOf(workload), ...more });

/** The node of a workload whose account is named like it. */
export function nodeOf(workload: string): {
  readonly id: string;
  readonly cluster: string;
  readonly metadata: ProxyMetadata;
} {
  return {
    cluster: `${workload}.default`,
    id: `sidecar~127.0.0.1~${workload}-0.default~default.svc.cluster.local`,
    metadata: {
      ...metadata,
      NAME: `${workload}-0`,
      WORKLOAD_NAME: workload,
      SERVICE_ACCOUNT: workload,
      LABELS: { app: workload, version: 'v1' },
    },
  };
}

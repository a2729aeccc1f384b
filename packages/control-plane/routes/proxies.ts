import { byType, type XdsType } from '@tulle/xds/resource';
import type { SessionInfo, TypeInfo } from '@tulle/xds/server/session-info';
import type { FastifyInstance } from 'fastify';
import type { AdmittedProxy } from '../discovery/universal/admission.ts';

/** One item of `GET /apis/tulle.dev/v1alpha1/proxies`: where a connected proxy stands. */
export interface ProxyStatus {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly role: AdmittedProxy['role'];
  readonly engine: 'tulle' | 'envoy';
  readonly workload: string;
  readonly serviceAccount: string;
  /** SPIFFE ID. */
  readonly identity: string;
  /** Times are RFC 3339. */
  readonly certificateExpires: string;
  readonly connectedSince: string;
  /** Address of the proxy's end of the stream. */
  readonly peer: string;
  /** `127.0.0.1:15000`; absent when it has none. */
  readonly adminAddress?: string;
  readonly synced: boolean;
  readonly types: Readonly<Record<XdsType, ProxyTypeStatus>>;
}

export interface ProxyTypeStatus {
  readonly subscribed: boolean;
  readonly synced: boolean;
  /** Hashes: equal when the content is. Empty when there is none. */
  readonly wantedVersion: string;
  readonly sentVersion: string;
  readonly acknowledgedVersion: string;
  readonly resources: number;
  /** How long the last response has waited for its answer, ms. */
  readonly lagMs: number;
  readonly nack?: { readonly message: string; readonly resources: readonly string[]; readonly at: string };
}

export function proxyStatus(session: SessionInfo, proxy: AdmittedProxy, now: number): ProxyStatus {
  const { metadata } = proxy;
  const types = session.types;
  return {
    metadata: { name: metadata.NAME, namespace: metadata.NAMESPACE },
    role: proxy.role,
    engine: metadata.TULLE_ENGINE,
    workload: metadata.WORKLOAD_NAME,
    serviceAccount: metadata.SERVICE_ACCOUNT,
    identity: proxy.identity,
    certificateExpires: timestamp(proxy.notAfter),
    connectedSince: timestamp(session.connectedAt),
    peer: session.peer,
    ...(metadata.TULLE_ADMIN_PORT > 0 && { adminAddress: `127.0.0.1:${metadata.TULLE_ADMIN_PORT}` }),
    synced: Object.values(types).every((type) => !type.subscribed || type.synced),
    types: byType((type) => typeStatus(types[type], now)),
  };
}

function typeStatus(type: TypeInfo, now: number): ProxyTypeStatus {
  const { nack, pending } = type;
  return {
    subscribed: type.subscribed,
    synced: type.synced,
    wantedVersion: type.wantedVersion,
    sentVersion: type.sentVersion,
    acknowledgedVersion: type.ackedVersion,
    resources: type.acked.size,
    lagMs: pending === undefined ? 0 : Math.max(now - pending.sentAt, 0),
    ...(nack && {
      nack: { message: nack.message, resources: [...nack.rejected.keys()], at: timestamp(nack.at) },
    }),
  };
}

const timestamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

export function proxiesRoute(app: FastifyInstance, items: () => ProxyStatus[]): void {
  app.get('/apis/tulle.dev/v1alpha1/proxies', async () => ({
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'ProxyStatusList',
    metadata: {},
    items: items().sort((a, b) => order(a).localeCompare(order(b), 'en')),
  }));
}

const order = ({ metadata }: ProxyStatus): string => `${metadata.namespace}/${metadata.name}`;

/** A proxy for tests of the control plane: real keys, real TLS, real streams; it proxies nothing. */
import { createHash, webcrypto } from 'node:crypto';
import { connect } from 'node:tls';
import { grpcConnector } from '@tulle/data-plane/grpc/connection';
import { TimerWheel } from '@tulle/data-plane/timers/wheel';
import { AdsClient, type Rejection, type Update } from '@tulle/xds/client/ads-client';
import { type CertificateCall, certificateService } from '@tulle/xds/client/certificates';
import { parseEnrolmentToken } from '@tulle/xds/enrolment-token';
import { formatNodeId, type ProxyMetadata } from '@tulle/xds/node';
import { byType, type XdsType } from '@tulle/xds/resource';
import { decode } from '@tulle/xds/wire';
import { x509 } from './identity/x509.ts';

export interface Addresses {
  readonly address: string;
  readonly xdsPort: number;
  readonly enrolPort: number;
  readonly identity: string;
}

/** What a proxy shows: `cert` is its chain; `ca` whom it believes. PEM. */
export interface TestSvid {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

const connectGrpc = grpcConnector(new TimerWheel());
const callCertificateService = certificateService(connectGrpc);

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Enrols as a proxy does: fetches the pinned root, then asks with the token. */
export async function enrol(at: Addresses, token: string): Promise<TestSvid> {
  const ca = await pinnedRoot(at, parseEnrolmentToken(token)?.rootPin ?? '');
  return ask({ address: at.address, port: at.enrolPort, serverIdentity: at.identity, tls: { ca }, token });
}

export function renew(at: Addresses, svid: TestSvid): Promise<TestSvid> {
  return ask({ address: at.address, port: at.xdsPort, serverIdentity: at.identity, tls: svid });
}

async function ask(call: Omit<CertificateCall, 'csrPem'>): Promise<TestSvid> {
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: ecdsa });
  const { certChain } = await callCertificateService({ ...call, csrPem: csr.toString('pem') });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`;
  return { key, cert: certChain.slice(0, -1).join(''), ca: certChain.at(-1) ?? '' };
}

function pinnedRoot(at: Addresses, pin: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: at.address,
      port: at.enrolPort,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const root = socket.getPeerCertificate(true).issuerCertificate.issuerCertificate;
      socket.destroy();
      if (createHash('sha256').update(root.raw).digest('hex') !== pin)
        reject(new Error('not the pinned root'));
      else
        resolve(`-----BEGIN CERTIFICATE-----\n${root.raw.toString('base64')}\n-----END CERTIFICATE-----\n`);
    });
  });
}

export function proxyMetadata(
  name: string,
  serviceAccount: string,
  changes: Partial<ProxyMetadata> = {},
): ProxyMetadata {
  const [app = name, version = 'v1'] = name.split('-');
  return {
    NAMESPACE: 'default',
    SERVICE_ACCOUNT: serviceAccount,
    NAME: name,
    WORKLOAD_NAME: `${app}-${version}`,
    LABELS: { app, version },
    CLUSTER_ID: 'test',
    MESH_ID: 'test',
    TULLE_ENGINE: 'tulle',
    TULLE_INBOUND: [
      {
        port: 9080,
        name: 'http',
        bindAddress: '127.0.0.1',
        bindPort: 21_000,
        appAddress: '127.0.0.1',
        appPort: 21_001,
      },
    ],
    TULLE_OUTBOUND: { httpProxy: { address: '127.0.0.1', port: 21_002 }, upstreams: [] },
    TULLE_ADMIN_PORT: 21_003,
    ...changes,
  };
}

/** A proxy's configuration stream: takes everything, or refuses what `refuse` gives a reason for. */
export class FakeProxy {
  readonly received = byType(() => new Map<string, Uint8Array>());
  readonly updates: Update[] = [];
  /** How the stream ended, each time. */
  readonly ended: { code: number; message: string }[] = [];
  refuse: (type: XdsType, name: string) => string | undefined = () => undefined;
  readonly #client: AdsClient;

  constructor(at: Addresses, svid: TestSvid, metadata: ProxyMetadata) {
    const { NAME, NAMESPACE } = metadata;
    this.#client = new AdsClient({
      node: {
        id: formatNodeId('sidecar', '127.0.0.1', NAME, NAMESPACE),
        cluster: `${NAME}.${NAMESPACE}`,
        metadata: JSON.parse(JSON.stringify(metadata)),
      },
      connect: () =>
        connectGrpc({ address: at.address, port: at.xdsPort, tls: svid, serverIdentity: at.identity }),
      onUpdate: (update) => this.#take(update),
      onConnection: (state) => {
        if (state.kind === 'disconnected') this.ended.push(state.status);
      },
      random: () => 0.5,
    });
    for (const type of ['cluster', 'listener'] as const) this.#client.subscribe(type, '*');
    for (const type of ['route', 'virtualHost'] as const)
      this.#client.subscribe(type, new Set(['http_proxy']));
    this.#client.subscribe('secret', new Set(['ROOTCA']));
    this.#client.start();
  }

  #take(update: Update): Rejection[] {
    this.updates.push(update);
    const rejections: Rejection[] = [];
    const known = this.received[update.type];
    for (const { name, bytes } of update.resources) {
      const reason = this.refuse(update.type, name);
      if (reason === undefined) known.set(name, bytes);
      else rejections.push({ name, reason });
    }
    for (const name of update.removed) known.delete(name);
    if (update.type === 'cluster') {
      this.#client.subscribe(
        'endpoint',
        new Set([...known.keys()].filter((name) => name.startsWith('outbound|'))),
      );
    }
    return rejections;
  }

  /** `address:port health` of each endpoint of a cluster, sorted. */
  endpoints(cluster: string): string[] {
    const bytes = this.received.endpoint.get(cluster);
    if (bytes === undefined) return [];
    const { endpoints } = decode('envoy.config.endpoint.v3.ClusterLoadAssignment', bytes);
    return endpoints
      .flatMap(({ lbEndpoints }) => lbEndpoints)
      .map((one) => `${one.endpoint?.address?.socketAddress?.portValue} ${one.healthStatus}`)
      .sort();
  }

  /** Names and weights of the clusters that the first route of a host goes to. */
  weights(host: string): Record<string, number> {
    const virtualHosts = [...this.received.virtualHost.values()].map((bytes) =>
      decode('envoy.config.route.v3.VirtualHost', bytes),
    );
    const found = virtualHosts.find(({ name }) => name.startsWith(host));
    const action = found?.routes.find(
      ({ route, match }) => route !== undefined && match?.connectMatcher === undefined,
    )?.route;
    if (action?.cluster) return { [action.cluster]: 100 };
    return Object.fromEntries(
      (action?.weightedClusters?.clusters ?? []).map(({ name, weight }) => [name, weight ?? 0]),
    );
  }

  report(healthy: boolean): void {
    this.#client.reportHealth(healthy);
  }

  goodbye(): Promise<void> {
    return this.#client.close(true);
  }

  /** Breaks the stream as a killed process does. */
  kill(): Promise<void> {
    return this.#client.close(false);
  }
}

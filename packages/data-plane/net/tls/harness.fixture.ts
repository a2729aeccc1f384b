/** Two ends of TLS as sidecars have them, for tests. */
import { connect as connectTcp } from 'node:net';
import type { SecretTable } from '@tulle/decision/tables/secret';
import type { DownstreamTls, UpstreamTls } from '@tulle/decision/tables/tls';
import type { LeafRequest, TestAuthority } from '@tulle/xds/test-authority.fixture';
import { TimerWheel } from '../../timers/wheel.ts';
import type { PeerIdentity } from '../certificates/spiffe.ts';
import { BoundListener } from '../listener.ts';
import { inspect } from '../sniffing/inspect.ts';
import type { TlsClient } from './client.ts';
import { TlsTerminator, type TlsTerminatorOptions } from './server.ts';

export const reviews = 'spiffe://mesh.test/ns/default/sa/reviews';
export const productpage = 'spiffe://mesh.test/ns/default/sa/productpage';
export const tls13 = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  cipherSuites: [],
  ecdhCurves: [],
  alpn: ['istio', 'http/1.1'],
} as const;
const inMesh = (name: string): boolean => name.startsWith('spiffe://mesh.test/');

export const strict: DownstreamTls = {
  ...tls13,
  requireClientCertificate: true,
  certificateSecrets: ['default'],
  sessionTimeoutMs: 3_600_000,
  validation: { rootsSecret: 'ROOTCA', subjectAltNames: [inMesh] },
};
export const upstream: UpstreamTls = {
  ...tls13,
  sni: 'outbound_.9080_._.reviews.default.svc.cluster.local',
  resumeSessions: true,
  certificateSecret: 'default',
  validation: { rootsSecret: 'ROOTCA', subjectAltNames: [(name) => name === reviews] },
};

export type Secrets = Map<string, SecretTable>;

export const rootsOf = (...authorities: readonly TestAuthority[]): SecretTable => ({
  kind: 'roots',
  pem: authorities.map(({ rootPem }) => rootPem).join('\n'),
});

/** An identity of `issuer`, and those whom it believes. */
export async function secretsOf(
  issuer: TestAuthority,
  leaf: LeafRequest,
  believed: readonly TestAuthority[] = [issuer],
): Promise<Secrets> {
  return new Map<string, SecretTable>([
    ['default', { kind: 'certificate', ...(await issuer.issue(leaf)) }],
    ['ROOTCA', rootsOf(...believed)],
  ]);
}

export interface TlsServer {
  readonly port: number;
  readonly peers: (PeerIdentity | undefined)[];
  readonly refusals: string[];
  /** The first worker's. */
  readonly terminator: TlsTerminator;
  /** Sessions that were resumed, by any worker. */
  readonly resumed: number;
  /** All workers take secrets into use. */
  update(secrets: Secrets): void;
}

const timers = new TimerWheel({ tickMs: 5 });
const open: BoundListener[] = [];

/** Ends all servers and their connections. */
export async function closeServers(): Promise<void> {
  for (const listener of open.splice(0)) {
    const closed = listener.close();
    listener.destroyConnections();
    await closed;
  }
}

/** Says `hello` over TLS and echoes what comes. Its workers share nothing but secrets, and serve by turns. */
export async function serve(
  secrets: Secrets,
  {
    workers = 1,
    ...more
  }: { readonly workers?: number } & Partial<
    Pick<TlsTerminatorOptions, 'tls' | 'handshakeTimeoutMs' | 'wallNow'>
  > = {},
): Promise<TlsServer> {
  const peers: (PeerIdentity | undefined)[] = [];
  const refusals: string[] = [];
  const options: TlsTerminatorOptions = {
    tls: strict,
    timers,
    ...more,
    onSecure: (socket, peer) => {
      peers.push(peer);
      socket.on('error', () => {});
      socket.write('hello');
      socket.pipe(socket);
    },
    onRefused: (reason) => refusals.push(reason),
  };
  const terminators = Array.from({ length: workers }, () => new TlsTerminator(options, secrets));
  let accepted = 0;
  const listener = await BoundListener.bind({
    address: '127.0.0.1',
    port: 0,
    onConnection: (socket) => {
      const terminator = terminators[accepted++ % workers];
      inspect(socket, { tls: true, http: true, timeoutMs: 0, timers }, (outcome) => {
        if (typeof outcome === 'object') terminator?.accept(socket, outcome.serverName);
      });
    },
  });
  open.push(listener);
  return {
    port: listener.port,
    peers,
    refusals,
    terminator: terminators[0] as TlsTerminator,
    get resumed() {
      return terminators.reduce((sum, { counters }) => sum + counters.sessionsReused, 0);
    },
    update: (rotated) => {
      for (const terminator of terminators) terminator.update(rotated);
    },
  };
}

/** The first bytes from the server, or why there are none. */
export function call(port: number, client: TlsClient, tls: UpstreamTls = upstream): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('connect', () => {
      client.start(socket, tls, {
        onFailed: resolve,
        onSecure: (secured) => {
          secured.once('data', (chunk) => {
            resolve(String(chunk));
            secured.destroy();
          });
          // In TLS 1.3 a client believes itself done before the server has looked at its certificate.
          secured.on('error', (error) => resolve(error.message));
          secured.once('close', () => resolve('closed'));
        },
      });
    });
  });
}

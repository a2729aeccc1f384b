import type { Engine } from '@tulle/data-plane/engine';
import type { StreamInfo } from '@tulle/data-plane/http/stream-info';
import type { IdentityMaterial } from '@tulle/data-plane/secrets';
import { portOf, startEngine } from '@tulle/data-plane/testing/engine';
import {
  chain,
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  route,
  routeTable,
  tables,
} from '@tulle/data-plane/testing/tables';
import { TimerWheel } from '@tulle/data-plane/timers/wheel';
import type { Cluster } from '@tulle/decision/tables/cluster';
import type { HttpManager } from '@tulle/decision/tables/http-manager';
import type { Listener } from '@tulle/decision/tables/listener';
import type { RetryPolicy } from '@tulle/decision/tables/retry-policy';
import type { TcpProxy } from '@tulle/decision/tables/tcp-proxy';
import type { DownstreamTls } from '@tulle/decision/tables/tls';

/** What is said of a request or connection when it is over. */
export interface Verdict {
  /** 0: no response was begun. */
  readonly status: number;
  /** As Envoy documents them for %RESPONSE_FLAGS%, in the order in which they came. */
  readonly flags: string;
  /** Endpoints asked, the first included. */
  readonly attempts: number;
}

export interface Hardened {
  readonly engine: Engine;
  readonly port: number;
  /** One for each request or TCP connection that has ended, as it was then. */
  readonly ended: readonly Verdict[];
  close(): void;
}

export interface ProxyShape {
  readonly manager?: Partial<HttpManager>;
  readonly cluster?: Partial<Cluster>;
  readonly listener?: Partial<Listener>;
  readonly retry?: RetryPolicy;
  readonly timeoutMs?: number;
  /** Clients come over TLS, and this is who we are. */
  readonly tls?: { readonly downstream: DownstreamTls; readonly identity: IdentityMaterial };
}

/** The real proxy, in this process, before one backend. */
export async function httpProxy(backendPort: number, shape: ProxyShape = {}): Promise<Hardened> {
  const action = forward('backend', {
    timeoutMs: shape.timeoutMs ?? 0,
    ...(shape.retry === undefined ? {} : { retry: shape.retry }),
  });
  const managed = manager(routeTable([host([route(action)])]), {
    ...shape.manager,
  });
  return start(backendPort, httpChain(managed), shape);
}

/** The same for bytes. */
export async function tcpProxy(
  backendPort: number,
  more: Partial<TcpProxy> = {},
  shape: ProxyShape = {},
): Promise<Hardened> {
  const proxy: TcpProxy = {
    statPrefix: 'tcp',
    clusters: forward('backend').clusters,
    idleTimeoutMs: 60_000,
    maxConnectAttempts: 1,
    accessLogs: [],
    ...more,
  };
  return start(backendPort, chain({ kind: 'tcp', proxy }), shape);
}

async function start(
  backendPort: number,
  served: Parameters<typeof listener>[1][number],
  shape: ProxyShape,
): Promise<Hardened> {
  const secured =
    shape.tls === undefined
      ? served
      : {
          ...served,
          tls: shape.tls.downstream,
          match: { ...served.match, transportProtocol: 'tls' as const },
        };
  const ended: Verdict[] = [];
  const judge = ({ status, flags, attempts }: StreamInfo): unknown =>
    ended.push({ status, flags: flags.join(','), attempts });
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [secured], shape.listener)],
      clusters: [cluster('backend', [endpoint(backendPort)], shape.cluster)],
    }),
    {
      wheel: new TimerWheel({ tickMs: 5 }),
      // Back-off is half of what it may be.
      random: () => 0.5,
      observe: {
        httpLoggers: () => [judge],
        tcpLoggers: () => [judge],
      },
    },
  );
  if (shape.tls !== undefined) engine.setIdentity(shape.tls.identity);
  return { engine, port: portOf(engine, 'l'), ended, close: () => engine.destroy() };
}

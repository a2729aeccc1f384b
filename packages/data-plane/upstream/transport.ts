import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Endpoint } from '@tulle/decision/tables/endpoint';
import type { ProxyProtocolVersion } from '@tulle/decision/tables/listener';
import type { UpstreamTls } from '@tulle/decision/tables/tls';
import type { ConnectionAddresses } from '../net/addresses.ts';
import { writeProxyHeader } from '../net/proxy-protocol/proxy-header.ts';
import type { PoolProtocol } from './pool/lease.ts';

/** What the pools of one transport and protocol have in common. */
export interface PoolKind {
  /** Tells pools apart, for requests of either priority. */
  readonly key: string;
  readonly highKey: string;
  /** ALPN offers what the pool speaks, and nothing else. */
  readonly tls: UpstreamTls | undefined;
}

/** How to speak to an endpoint. */
export interface Transport {
  readonly key: string;
  /** Of connections that carry bytes. */
  readonly tls: UpstreamTls | undefined;
  readonly proxyProtocol: ProxyProtocolVersion | undefined;
  readonly pools: Readonly<Record<PoolProtocol, PoolKind>>;
}

const isHttp1 = (name: string): boolean => /(?:^|-)http\/1\.[01]$/.test(name);
const isHttp2 = (name: string): boolean => /(?:^|-)h2$/.test(name);

/** ALPN by what a connection carries: offered where the configuration names none (as Envoy's), and never. */
const alpn: Readonly<
  Record<
    PoolProtocol | 'bytes',
    { readonly offered: readonly string[]; readonly isWrong: (name: string) => boolean }
  >
> = {
  http1: { offered: ['http/1.1'], isWrong: isHttp2 },
  http2: { offered: ['h2'], isWrong: isHttp1 },
  auto: { offered: ['h2', 'http/1.1'], isWrong: () => false },
  bytes: { offered: [], isWrong: (name) => isHttp1(name) || isHttp2(name) },
};

/** The TLS of connections that carry `what`: a server may choose by ALPN how it takes them. */
function tlsFor(tls: UpstreamTls | undefined, what: keyof typeof alpn): UpstreamTls | undefined {
  const { offered, isWrong } = alpn[what];
  return tls && { ...tls, alpn: tls.alpn.length === 0 ? offered : tls.alpn.filter((name) => !isWrong(name)) };
}

/** TLS settings are compared by identity: translation keeps the objects of a resource that did not change. */
const keys = new WeakMap<UpstreamTls, Map<string, Transport>>();
const plain = new Map<string, Transport>();
let serial = 0;

function transportOf(
  tls: UpstreamTls | undefined,
  proxyProtocol: ProxyProtocolVersion | undefined,
): Transport {
  let known = tls === undefined ? plain : keys.get(tls);
  if (known === undefined) {
    known = new Map();
    keys.set(tls as UpstreamTls, known);
  }
  const name = proxyProtocol ?? '';
  let transport = known.get(name);
  if (transport === undefined) {
    const key = `${name}${tls === undefined ? 'raw' : `tls-${++serial}`}`;
    const kind = (protocol: PoolProtocol): PoolKind => ({
      key: `${key}/${protocol}`,
      highKey: `${key}/${protocol}/high`,
      tls: tlsFor(tls, protocol),
    });
    const pools = { http1: kind('http1'), http2: kind('http2'), auto: kind('auto') };
    transport = { key, tls: tlsFor(tls, 'bytes'), proxyProtocol, pools };
    known.set(name, transport);
  }
  return transport;
}

/** What `tls` has become for connections of one kind or another: theirs are the handshakes that are counted. */
export const variantsOf = (tls: UpstreamTls): readonly UpstreamTls[] =>
  [...(keys.get(tls)?.values() ?? [])]
    .flatMap((transport) => [transport, ...Object.values(transport.pools)])
    .flatMap((kind) => kind.tls ?? []);

/** The first transport match whose every label the endpoint has; else the cluster's own. */
export function chooseTransport(cluster: Cluster, endpoint: Endpoint): Transport {
  for (const { match, tls, proxyProtocol } of cluster.tlsMatches) {
    if (Object.entries(match).every(([name, value]) => endpoint.transport[name] === value))
      return transportOf(tls, proxyProtocol);
  }
  return transportOf(cluster.tls, cluster.proxyProtocol);
}

/**
 * What a connection for `source` begins with, before TLS: a PROXY header. Such connections are those of one
 * client and shared with no other.
 */
export function prefaceFor(
  transport: Transport,
  source: ConnectionAddresses | undefined,
): Buffer | undefined {
  return transport.proxyProtocol && writeProxyHeader(transport.proxyProtocol, source);
}

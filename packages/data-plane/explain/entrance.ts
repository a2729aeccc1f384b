import { isIP } from 'node:net';
import { formatAuthority } from '@tulle/decision/authority';
import type { DnsTable } from '@tulle/decision/tables/dns';
import type { Listener } from '@tulle/decision/tables/listener';
import type { Tables } from '@tulle/decision/tables/tables';
import { type Call, destinationOf } from './call.ts';

/** Where a call enters the proxy. */
export interface Entrance {
  readonly listener: Listener;
  /** Where the client connects to: of redirected connections where they were going. */
  readonly address: string;
  readonly port: number;
  /** The client asks an HTTP proxy: for bytes and TLS with CONNECT. */
  readonly viaProxy: boolean;
}

/** A call can't be followed: there is no such listener, or it is not clear which. */
export class EntranceError extends Error {
  override readonly name = 'EntranceError';
}

/** The listener that `http_proxy` of a sidecar's application points to. */
const httpProxyName = 'outbound_http_proxy';

/** @throws EntranceError */
export function entranceOf(tables: Tables, role: 'sidecar' | 'router', call: Call): Entrance {
  if (call.listener !== undefined) return named(tables, call.listener);
  return role === 'router' ? atGateway(tables, call) : atSidecar(tables, call);
}

const direct = (listener: Listener): Entrance => ({
  listener,
  address: listener.address,
  port: listener.port,
  viaProxy: listener.name === httpProxyName,
});

function named(tables: Tables, name: string): Entrance {
  const listener = tables.listeners.get(name);
  if (listener === undefined)
    throw new EntranceError(
      `there is no listener ${name}; there are: ${[...tables.listeners.keys()].join(', ')}`,
    );
  return direct(listener);
}

/** By the port that its pod has, or its server's; of several by what they speak. */
function atGateway(tables: Tables, call: Call): Entrance {
  const { port } = destinationOf(call);
  const all = [...tables.listeners.values()].filter(({ dns }) => dns === undefined);
  const secure = call.kind === 'tls' || (call.kind === 'http' && call.scheme === 'https');
  const speaks = (listener: Listener): boolean =>
    listener.filterChains.some((chain) => isSecure(chain) === secure);
  const exact = all.filter((one) => one.port === port || one.name.endsWith(`_${port}`));
  // Who writes no port means the gateway's own, wherever it is on this machine.
  const usual = call.kind === 'http' && (port === 80 || port === 443);
  const found = exact.length === 0 && usual ? all.filter(speaks) : exact;
  const [only, ...others] = found.length > 1 ? found.filter(speaks) : found;
  if (only !== undefined && others.length === 0) return direct(only);
  const known = all.map((listener) => `${listener.name} (port ${listener.port})`).join(', ');
  const what =
    only === undefined
      ? `no listener of the gateway is at port ${port}`
      : `several listeners fit port ${port}`;
  throw new EntranceError(`${what}; say which one: ${known || 'it has none'}`);
}

const isSecure = ({ tls, match }: Listener['filterChains'][number]): boolean =>
  tls !== undefined || match.transportProtocol === 'tls' || match.serverNames.length > 0;

function atSidecar(tables: Tables, call: Call): Entrance {
  const capturing = [...tables.listeners.values()].find((one) => one.originalDestination === 'hand-off');
  if (capturing !== undefined) return captured(tables, capturing, call);
  const proxy = tables.listeners.get(httpProxyName);
  if (proxy !== undefined && call.kind === 'http') return direct(proxy);
  const declared = declaredUpstream(tables, call);
  if (declared !== undefined) return direct(declared);
  if (proxy !== undefined) return direct(proxy);
  throw new EntranceError(`nothing listens for ${describe(call)}: it is none of the declared upstreams`);
}

/** The loopback listener that stands for a service: by the name that the workload gives it. */
function declaredUpstream(tables: Tables, call: Call): Listener | undefined {
  const { host, port } = destinationOf(call);
  const [short = ''] = host.split('.');
  const names = [host, short, `${host}.svc.cluster.local`].map((name) => `outbound_${port}_${name}`);
  return names.flatMap((name) => tables.listeners.get(name) ?? [])[0];
}

/** As the kernel and the proxy do it: the name becomes an address, and that a listener. */
function captured(tables: Tables, capturing: Listener, call: Call): Entrance {
  const { host, port } = destinationOf(call);
  const address = isIP(host) === 0 ? resolved(tables, host) : host;
  const anywhere = address.includes(':') ? '::' : '0.0.0.0';
  const unbound = [...tables.listeners.values()].filter((listener) => listener.unbound === true);
  const at = (where: string): Listener | undefined =>
    unbound.find((listener) => listener.address === where && listener.port === port);
  return { listener: at(address) ?? at(anywhere) ?? capturing, address, port, viaProxy: false };
}

/** Of names that the proxy does not answer itself we know no address: one that nobody has stands for it. */
const unknownAddress = '192.0.2.1';

function resolved(tables: Tables, host: string): string {
  for (const { dns } of tables.listeners.values()) {
    const answer = dns === undefined ? undefined : answerOf(dns, host.toLowerCase());
    if (answer !== undefined) return answer;
  }
  return unknownAddress;
}

function answerOf({ names }: DnsTable, name: string): string | undefined {
  const exact = names.get(name) ?? names.get(`${name}.svc.cluster.local`);
  if (exact !== undefined) return exact.addresses[0];
  for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
    const found = names.get(`*${name.slice(dot)}`);
    if (found !== undefined) return found.addresses[0];
  }
  return undefined;
}

const describe = (call: Call): string => {
  const { host, port } = destinationOf(call);
  return formatAuthority(host, port);
};

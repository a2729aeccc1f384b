import type { JsonObject, JsonValue } from '@tulle/xds/json';
import { isObject, list, text } from '../../api/config-dump.ts';
import { passedService } from './destination-name.ts';
import type { Facts } from './facts.ts';
import { leavesOf } from './leaves.ts';
import { destination, destinations } from './route-facts.ts';
import { serverWords } from './tls-words.ts';

/** envoy.config.listener.v3.Listener: what becomes of each kind of connection. */
export function listenerFacts(resource: JsonObject): Facts {
  const { filterChains: _, defaultFilterChain, ...own } = resource;
  const chains = list(resource, 'filterChains') as JsonObject[];
  const all = isObject(defaultFilterChain) ? [...chains, defaultFilterChain as JsonObject] : chains;
  const facts = new Map(leavesOf(own));
  const names = new Map<string, number>();
  for (const chain of all) {
    const who = all.length === 1 && !isNamed(chain) ? '' : connectionWords(chain);
    const seen = names.get(who) ?? 0;
    names.set(who, seen + 1);
    const at = `connections[${who}${seen === 0 ? '' : ` (${seen + 1})`}]`;
    for (const [fact, value] of chainFacts(chain)) facts.set(isShared(fact) ? fact : `${at}.${fact}`, value);
  }
  return facts;
}

/** What is a policy's own, whichever connections it holds for. */
const isShared = (fact: string): boolean => /^(?:rate|bandwidth) limit /.test(fact);

/** Inbound chains say in their names whether they take mTLS or plain text. */
const inboundName = /^inbound_.+_(tls|raw)$/;
const isNamed = ({ name, filterChainMatch }: JsonObject): boolean =>
  inboundName.test(String(name)) || filterChainMatch !== undefined;

/** Which connections a chain takes: `to server name shop.example.com`. */
function connectionWords({ name, filterChainMatch: match }: JsonObject): string {
  const [, how] = inboundName.exec(String(name)) ?? [];
  if (how !== undefined) return how === 'tls' ? 'by mTLS' : 'in plain text';
  const servers = isObject(match) && Array.isArray(match.serverNames) ? match.serverNames.map(String) : [];
  const [passed] = servers.map(passedService);
  if (passed !== undefined) return `by mTLS to ${passed}`;
  const names = servers.join(' or ');
  const ranges = (field: string): string =>
    list(match, field)
      .map((range) => `${text(range, 'addressPrefix')}/${text(range, 'prefixLen')}`)
      .join(' or ');
  const port = text(match, 'destinationPort');
  const to = [
    names === '' ? '' : `server name ${names}`,
    ranges('prefixRanges'),
    port === '' ? '' : `port ${port}`,
  ];
  const sources = ranges('sourcePrefixRanges') || ranges('directSourcePrefixRanges');
  const told = to.filter((one) => one !== '').join(', ');
  const transport = text(match, 'transportProtocol');
  const kind =
    transport === 'raw_buffer' ? 'in plain text' : transport === 'tls' && names === '' ? 'by TLS' : '';
  const words = [kind, told === '' ? '' : `to ${told}`, sources === '' ? '' : `from ${sources}`];
  return words.filter((one) => one !== '').join(' ') || 'of others';
}

function chainFacts(chain: JsonObject): Facts {
  const { filters: _, filterChainMatch: __, transportSocket, name: ___, ...own } = chain;
  const facts = new Map(leavesOf(own));
  if (transportSocket !== undefined) facts.set('TLS', serverWords(transportSocket as JsonValue));
  for (const filter of list(chain, 'filters') as JsonObject[]) {
    const config = (filter.typedConfig ?? {}) as JsonObject;
    const name = text(filter, 'name').replace(/^envoy\.filters\.network\./, '');
    if (name === 'tcp_proxy') for (const fact of bytesFacts(config)) facts.set(...fact);
    else if (name === 'http_connection_manager') for (const fact of httpFacts(config)) facts.set(...fact);
    else for (const fact of leavesOf({ filters: [filter] })) facts.set(...fact);
  }
  return facts;
}

/** envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy. */
function bytesFacts({ cluster, weightedClusters, tunnelingConfig, ...rest }: JsonObject): Facts {
  const host = text(tunnelingConfig, 'hostname');
  const way = isObject(tunnelingConfig) && tunnelingConfig.usePost === true ? 'POST' : 'CONNECT';
  return new Map([
    [destination, destinations(cluster, weightedClusters)],
    ...(host === '' ? [] : [['tunnel', `${way} ${host}`] as const]),
    ...leavesOf(rest),
  ]);
}

/** envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager. */
function httpFacts(config: JsonObject): Facts {
  const { rds: _, httpFilters: __, ...own } = config;
  const filters = (list(config, 'httpFilters') as JsonObject[]).filter(
    ({ name }) => !always.has(String(name)),
  );
  return new Map([
    ['HTTP', 'yes'],
    ...[...leavesOf(own)].map(([fact, value]) => [`HTTP.${fact}`, value] as const),
    ...leavesOf({ httpFilters: filters }),
  ]);
}

/** What every chain for HTTP has: it says nothing. */
const always: ReadonlySet<string> = new Set([
  'envoy.filters.http.grpc_stats',
  'envoy.filters.http.peer_metadata',
  'envoy.filters.http.fault',
  'envoy.filters.http.cors',
  'envoy.filters.http.router',
  'istio.stats',
]);

import { compileRanges, type RangeRank } from '@tulle/decision/address-range';
import type { BandwidthLimit } from '@tulle/decision/tables/bandwidth';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import type {
  core_CidrRange,
  listener_Filter,
  listener_FilterChain,
  listener_FilterChainMatch,
  listener_Listener,
} from '@tulle/xds/wire';
import { ownBandwidthName } from '../filters/bandwidth.ts';
import { type FilterConfigReaders, readFilterConfig } from '../filters/http-filter.ts';
import { translateDownstreamSocket } from '../tls/tls.ts';
import { translateAddress } from '../values/address.ts';
import { milliseconds } from '../values/duration.ts';
import { messageName, type Problems, read } from '../values/problems.ts';
import { translateDnsListener } from './dns-listener.ts';
import { httpManagerName, translateHttpManager } from './http-manager.ts';
import { tcpProxyName, translateTcpProxy } from './tcp-proxy.ts';

const inspectors = 'envoy.extensions.filters.listener.';
const proxyProtocolName = 'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol';
const directions = { UNSPECIFIED: 'unspecified', INBOUND: 'inbound', OUTBOUND: 'outbound' } as const;
/** Envoy's default. */
const inspectTimeoutMs = 15_000;

/** envoy.config.listener.v3.Listener, as bytes. */
export function translateListener(
  bytes: Uint8Array,
  readers: FilterConfigReaders,
  problems: Problems,
): Listener | undefined {
  const listener = read('envoy.config.listener.v3.Listener', bytes, '', problems);
  if (listener === undefined) return undefined;
  if (listener.address?.socketAddress?.protocol === 'UDP') return translateDnsListener(listener, problems);
  const where = translateAddress(listener.address, 'address', problems);
  if (listener.transparent === true) problems.add('transparent', 'is not supported');
  if (listener.filterChains.length === 0 && listener.defaultFilterChain === undefined)
    problems.add('filter_chains', 'must not be empty');
  const chain = (of: listener_FilterChain, path: string): FilterChain[] =>
    translateChain(of, readers, path, problems);
  const [fallback] =
    listener.defaultFilterChain === undefined
      ? []
      : chain(listener.defaultFilterChain, 'default_filter_chain');
  return {
    name: listener.name,
    address: where?.address ?? '',
    port: where?.port ?? 0,
    ...(where?.address === '::' && !where.ipv4Compat && { ipv6Only: true }),
    ...(where !== undefined && where.mode !== 0 && { socketMode: where.mode }),
    direction: directions[listener.trafficDirection],
    inspectTimeoutMs: milliseconds(
      listener.listenerFiltersTimeout,
      inspectTimeoutMs,
      'listener_filters_timeout',
      problems,
    ),
    continueOnInspectTimeout: listener.continueOnListenerFiltersTimeout,
    ...translateListenerFilters(listener, problems),
    filterChains: listener.filterChains.flatMap((of, i) => chain(of, `filter_chains[${i}]`)),
    ...(fallback === undefined ? {} : { defaultFilterChain: fallback }),
    ...(listener.bindToPort === false ? { unbound: true } : {}),
  };
}

/** What looks at a connection before a chain is chosen. */
function translateListenerFilters(
  listener: listener_Listener,
  problems: Problems,
): Pick<Listener, 'inspectTls' | 'inspectHttp' | 'originalDestination' | 'proxyProtocol'> {
  let inspectTls = false;
  let inspectHttp = false;
  let originalDestination: Listener['originalDestination'];
  let proxyProtocol: Listener['proxyProtocol'];
  listener.listenerFilters.forEach(({ name, typedConfig }, i) => {
    const kind = typedConfig === undefined ? '' : messageName(typedConfig);
    if (kind === `${inspectors}tls_inspector.v3.TlsInspector`) inspectTls = true;
    else if (kind === `${inspectors}http_inspector.v3.HttpInspector`) inspectHttp = true;
    else if (kind === `${inspectors}original_dst.v3.OriginalDst`) originalDestination = 'restore';
    else if (kind === proxyProtocolName) {
      // The header goes before everything: what comes first must also be read first.
      if (inspectTls || inspectHttp) problems.add(`listener_filters[${i}]`, 'must come before inspectors');
      const at = `listener_filters[${i}].typed_config`;
      proxyProtocol = translateProxyProtocol(typedConfig?.value ?? new Uint8Array(), at, problems);
    } else problems.add(`listener_filters[${i}]`, `${kind || name} is not supported`);
  });
  if (listener.useOriginalDst === true) originalDestination = 'hand-off';
  return {
    inspectTls,
    inspectHttp,
    ...(originalDestination === undefined ? {} : { originalDestination }),
    ...(proxyProtocol === undefined ? {} : { proxyProtocol }),
  };
}

function translateProxyProtocol(
  bytes: Uint8Array,
  path: string,
  problems: Problems,
): Listener['proxyProtocol'] {
  const config = read(proxyProtocolName, bytes, path, problems);
  if (config === undefined) return undefined;
  const versions = (['v1', 'v2'] as const).filter(
    (version) => !config.disallowedVersions.some((not) => not.toLowerCase() === version),
  );
  if (versions.length === 0) problems.add(`${path}.disallowed_versions`, 'must leave one');
  return { versions, optional: config.allowRequestsWithoutProxyProtocol };
}

/** None if its filters cannot be made out; that is a problem too. */
function translateChain(
  chain: listener_FilterChain,
  readers: FilterConfigReaders,
  path: string,
  problems: Problems,
): FilterChain[] {
  const tls = translateDownstreamSocket(chain.transportSocket, `${path}.transport_socket`, problems);
  const filter = translateFilters(chain.filters, readers, path, problems);
  if (filter === undefined) return [];
  const match = translateChainMatch(chain.filterChainMatch, `${path}.filter_chain_match`, problems);
  return [{ name: chain.name, match, ...(tls === undefined ? {} : { tls }), filter }];
}

function translateChainMatch(
  match: listener_FilterChainMatch | undefined,
  path: string,
  problems: Problems,
): FilterChain['match'] {
  const transport = match?.transportProtocol ?? '';
  if (transport !== '' && transport !== 'tls' && transport !== 'raw_buffer') {
    problems.add(`${path}.transport_protocol`, `"${transport}" is not supported`);
  }
  return {
    serverNames: (match?.serverNames ?? []).map((name) => name.toLowerCase()),
    transportProtocol: transport as FilterChain['match']['transportProtocol'],
    applicationProtocols: match?.applicationProtocols ?? [],
    ...(match?.destinationPort === undefined ? {} : { destinationPort: match.destinationPort }),
    ...(match?.prefixRanges.length ? { destinations: rangesOf(match.prefixRanges) } : {}),
    ...(match?.sourcePrefixRanges.length ? { sources: rangesOf(match.sourcePrefixRanges) } : {}),
  };
}

const rangesOf = (ranges: readonly core_CidrRange[]): RangeRank =>
  compileRanges(
    ranges.map(({ addressPrefix, prefixLen = 0 }) => ({ address: addressPrefix, prefixLength: prefixLen })),
  );

const sniForwardName = 'envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig';

/** Our own words: what Envoy has no network filter for. */
const bandwidthStructName = 'udpa.type.v1.TypedStruct';

/** One terminal network filter: HTTP, or TCP, which may go where the client's server name leads. */
function translateFilters(
  filters: readonly listener_Filter[],
  readers: FilterConfigReaders,
  path: string,
  problems: Problems,
): FilterChain['filter'] | undefined {
  let result: FilterChain['filter'] | undefined;
  let serverNamePort: number | undefined;
  const bandwidth: BandwidthLimit[] = [];
  filters.forEach(({ name, typedConfig }, i) => {
    const at = `${path}.filters[${i}]`;
    const kind = typedConfig === undefined ? '' : messageName(typedConfig);
    const bytes = typedConfig?.value ?? new Uint8Array();
    if (result !== undefined) problems.add(at, 'nothing may follow the terminal filter');
    else if (kind === sniForwardName) {
      const forward = read(sniForwardName, bytes, `${at}.typed_config`, problems);
      serverNamePort = forward?.portValue ?? 443;
    } else if (kind === bandwidthStructName && typedConfig !== undefined) {
      const own = readFilterConfig(typedConfig, readers, `${at}.typed_config`, problems);
      if (own?.typeUrl.endsWith(`/${ownBandwidthName}`)) bandwidth.push(own.config as BandwidthLimit);
      else problems.add(at, `network filter ${own?.typeUrl ?? name} is not supported`);
    } else if (kind === httpManagerName) {
      const manager = translateHttpManager(bytes, readers, `${at}.typed_config`, problems);
      if (manager !== undefined) result = { kind: 'http', manager };
    } else if (kind === tcpProxyName) {
      const proxy = translateTcpProxy(bytes, `${at}.typed_config`, problems);
      if (proxy === undefined) return;
      result = {
        kind: 'tcp',
        proxy: {
          ...proxy,
          ...(serverNamePort !== undefined && { serverNamePort }),
          ...(bandwidth.length > 0 && { bandwidth }),
        },
      };
    } else problems.add(at, `network filter ${kind || name} is not supported`);
  });
  if (result === undefined)
    problems.add(`${path}.filters`, 'must end with the HTTP connection manager or the TCP proxy');
  return result;
}

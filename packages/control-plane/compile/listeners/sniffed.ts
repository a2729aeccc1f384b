import { ConfigSchema } from '@tulle/xds/gen/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.js';
import type { NetworkFilter } from '../filters/http-manager.ts';
import { extension } from '../messages/extension.ts';
import { any } from '../messages/serialize.ts';
import type { Engine } from '../proxy.ts';
import { sniffedHttp } from '../scope/protocol.ts';
import { clientAlpn, sniffedHttpAlpn } from '../tls/mesh-tls.ts';
import type { FilterChain, ListenerParts } from './listener.ts';

/**
 * The chains of an outbound port that does not say its protocol: HTTP as its first bytes show, all else as bytes.
 * @param bytes chains by server name, and one for what has none
 */
export function sniffedChains(
  engine: Engine,
  manager: NetworkFilter,
  bytes: readonly FilterChain[],
): Pick<ListenerParts, 'filterChains' | 'defaultFilterChain'> {
  const http: FilterChain = {
    name: 'http',
    filterChainMatch: { transportProtocol: 'raw_buffer', applicationProtocols: sniffedHttp },
    filters: engine === 'envoy' ? [sayHttp, manager] : [manager],
  };
  // Envoy never goes back to a chain that matches less: what is left has to be the default.
  const rest = bytes.find(({ filterChainMatch }) => isOpen(filterChainMatch));
  return {
    filterChains: [http, ...bytes.filter((chain) => chain !== rest)],
    ...(rest?.filters && { defaultFilterChain: { filters: rest.filters } }),
  };
}

/** No condition on server names or addresses. */
function isOpen(match: FilterChain['filterChainMatch']): boolean {
  const conditions = [match?.serverNames, match?.prefixRanges, match?.sourcePrefixRanges];
  return conditions.every((condition) => !condition?.length);
}

/** An Envoy's cluster has one list of ALPN names: that of bytes. Connections for HTTP offer another. */
const sayHttp: NetworkFilter = extension(
  'envoy.filters.network.set_filter_state',
  any(ConfigSchema, {
    onNewConnection: [
      {
        key: { case: 'objectKey', value: 'envoy.network.application_protocols' },
        value: {
          case: 'formatString',
          value: {
            format: {
              case: 'textFormatSource',
              value: {
                specifier: {
                  case: 'inlineString',
                  value: [...sniffedHttpAlpn, ...clientAlpn.bytes].join(','),
                },
              },
            },
          },
        },
      },
    ],
  }),
);

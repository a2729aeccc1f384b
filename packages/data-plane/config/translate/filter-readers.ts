import type { FilterConfigReaders, FilterConfigSource } from './http-filter.ts';
import { routerName } from './http-manager.ts';
import { read } from './problems.ts';

const dynamicForwardProxy = 'envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig';

/** The JSON of a TypedStruct; a filter of ours reads what it needs of it. */
const json = (source: FilterConfigSource): unknown => (source.kind === 'struct' ? source.value : {});

/** The filters of the proxy as it is: those that every HTTP connection manager of our control plane has. */
export const filterReaders: FilterConfigReaders = new Map([
  [
    routerName,
    (source) =>
      source.kind === 'message' ? read(routerName, source.bytes, source.at, source.problems) : undefined,
  ],
  [
    dynamicForwardProxy,
    (source) =>
      source.kind === 'message'
        ? read(dynamicForwardProxy, source.bytes, source.at, source.problems)
        : undefined,
  ],
  ['io.istio.http.peer_metadata.Config', json],
  ['stats.PluginConfig', json],
]);

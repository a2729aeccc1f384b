import type { FilterKind } from '../filter-kind.ts';

/** Envoy resolves names in a filter before its dynamic forward proxy cluster connects; our cluster does so itself. */
export const dynamicForwardProxyFilter: FilterKind = {
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig',
};

import { isFilterNamed } from '@tulle/resources/istio/envoy-filter/filter-names';
import type { Filter } from '@tulle/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
  type HttpFilter,
  HttpFilterSchema,
} from '@tulle/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { packed, unpacked } from './any.ts';
import { patchedList } from './list-operation.ts';
import { type Context, isMerging, type Patch, type PatchSet } from './patch-set.ts';
import { patchRoutes } from './routes.ts';
import type { Tracker } from './tracker.ts';

export const routerName = 'envoy.filters.http.router';

/** Patches the HTTP filters of a connection manager, and the routes that stand in it. */
export function patchManager(
  set: PatchSet,
  context: Context,
  patches: readonly Patch[],
  filter: Filter,
  tracker: Tracker,
): void {
  const content = filter.configType.case === 'typedConfig' ? unpacked(filter.configType.value) : undefined;
  if (content?.desc !== HttpConnectionManagerSchema) return;
  const manager = content.message as HttpConnectionManager;
  const applicable = patches.filter(({ match }) => {
    const wanted = match.listener?.filterChain?.filter;
    return wanted === undefined || isFilterNamed(filter.name, wanted.name ?? '');
  });
  patchHttpFilters(applicable, manager, tracker);
  if (manager.routeSpecifier.case === 'routeConfig')
    patchRoutes(set, context, manager.routeSpecifier.value, tracker);
  filter.configType = { case: 'typedConfig', value: packed(HttpConnectionManagerSchema, manager) };
}

/** Lists first, then merges: what one patch inserts another may merge into. */
function patchHttpFilters(patches: readonly Patch[], manager: HttpConnectionManager, tracker: Tracker): void {
  const nameIn = (patch: Patch): string | undefined =>
    patch.match.listener?.filterChain?.filter?.subFilter?.name;
  let filters: readonly HttpFilter[] = manager.httpFilters;
  for (const patch of patches) {
    const name = nameIn(patch);
    const make = (): HttpFilter => tracker.value(HttpFilterSchema, patch);
    const next =
      patch.operation === 'ADD'
        ? filters.toSpliced(placeOf(patch, filters), 0, make())
        : patchedList(filters, {
            operation: patch.operation,
            isNamed: name !== undefined,
            selects: (filter) => isFilterNamed(filter.name, name ?? ''),
            make,
          });
    if (next !== filters) tracker.used.add(patch);
    filters = next;
  }
  for (const filter of filters)
    for (const patch of patches)
      if (isMerging(patch) && isFilterNamed(filter.name, nameIn(patch) ?? filter.name))
        tracker.merge(HttpFilterSchema, filter, patch);
  manager.httpFilters = [...filters];
}

/** Filters that say who is calling, and that say whether it may. */
const classes = {
  AUTHN: ['envoy.filters.http.peer_metadata', 'envoy.filters.http.jwt_authn', 'istio_authn'],
  AUTHZ: ['envoy.filters.http.rbac', 'envoy.filters.http.ext_authz'],
} as const;

/** Where ADD puts a filter: by its class; otherwise before the router, which is the last. */
function placeOf({ filterClass = 'UNSPECIFIED' }: Patch, filters: readonly HttpFilter[]): number {
  const before = (name: string): number => filters.findIndex((filter) => filter.name === name);
  const behind = (names: readonly string[]): number =>
    filters.findLastIndex(({ name }) => names.includes(name)) + 1;
  const end = before(routerName) < 0 ? filters.length : before(routerName);
  if (filterClass === 'AUTHN') return behind(classes.AUTHN);
  if (filterClass === 'AUTHZ') return behind([...classes.AUTHN, ...classes.AUTHZ]);
  const stats = before('istio.stats');
  return filterClass === 'STATS' && stats >= 0 ? stats : end;
}

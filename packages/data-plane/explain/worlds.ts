import type { RouteChoice } from '@tulle/decision/match';
import type { HttpManager } from '@tulle/decision/tables/http-manager';
import type { Route, RouteTable } from '@tulle/decision/tables/route';
import type { ForwardAction } from '@tulle/decision/tables/route-action';
import { variantsOf } from '../filters/index.ts';

/**
 * A route table that decides by chance is a mixture of tables that don't: one for each way that its draws can go.
 * Each is then run by the proxy's own code.
 */
export interface World {
  /** In (0, 1]. */
  readonly share: number;
  /** What has happened by chance, in words; empty: nothing is left to it. */
  readonly by: readonly string[];
  readonly table: RouteTable;
}

/** A route in place of another; undefined: none. */
interface Alternative {
  readonly share: number;
  readonly by: readonly string[];
  readonly route: Route | undefined;
}

/** The worlds of a route that was chosen; just one, the table itself, where chance has no part. */
export function worldsOf(
  table: RouteTable,
  { route }: RouteChoice,
  filters: HttpManager['filters'],
): World[] {
  const all = fractions(route)
    .flatMap((one) => combine(one, clusters))
    .flatMap((one) =>
      filters.reduce<Alternative[]>(
        (some, filter) => some.flatMap((each) => combine(each, (of) => filtered(of, filter))),
        [one],
      ),
    );
  const [only] = all;
  if (all.length === 1 && only?.route === route) return [{ share: 1, by: [], table }];
  return all
    .filter(({ share }) => share > 0)
    .map(({ share, by, route: other }) => ({ share, by, table: replaced(table, route, other) }));
}

function combine(one: Alternative, split: (route: Route) => readonly Alternative[]): Alternative[] {
  if (one.route === undefined) return [one];
  return split(one.route).map(({ share, by, route }) => ({
    share: one.share * share,
    by: [...one.by, ...by],
    route,
  }));
}

function fractions(route: Route): Alternative[] {
  const { fraction, ...match } = route.match;
  if (fraction === undefined) return [{ share: 1, by: [], route }];
  const share = fraction / 1_000_000;
  return [
    { share, by: [`in the route's fraction (${percent(share)})`], route: { ...route, match } },
    {
      share: 1 - share,
      by: [`not in the fraction (${percent(share)}) of route ${route.name}`],
      route: undefined,
    },
  ];
}

function clusters(route: Route): Alternative[] {
  const { action } = route;
  if (action.kind !== 'forward') return [{ share: 1, by: [], route }];
  const possible = action.clusters.filter(({ weight }) => weight > 0);
  if (possible.length < 2) return [{ share: 1, by: [], route }];
  return possible.map((cluster) => {
    const own: ForwardAction = { ...action, clusters: [cluster], totalWeight: cluster.weight };
    return {
      share: cluster.weight / action.totalWeight,
      by: [`weight ${cluster.weight} of ${action.totalWeight}`],
      route: { ...route, action: own },
    };
  });
}

function filtered(route: Route, { name, typeUrl, config }: HttpManager['filters'][number]): Alternative[] {
  const variants = variantsOf(typeUrl, route.perFilter.get(name) ?? config);
  if (variants === undefined) return [{ share: 1, by: [], route }];
  return variants.map((variant) => ({
    share: variant.share,
    by: [variant.says],
    route: { ...route, perFilter: new Map([...route.perFilter, [name, variant.config]]) },
  }));
}

function replaced(table: RouteTable, route: Route, other: Route | undefined): RouteTable {
  const instead = other === undefined ? [] : [other];
  return {
    ...table,
    virtualHosts: table.virtualHosts.map((host) =>
      host.routes.includes(route)
        ? { ...host, routes: host.routes.flatMap((one) => (one === route ? instead : [one])) }
        : host,
    ),
  };
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(3))} %`;

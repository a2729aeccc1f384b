import type { RouteTable, VirtualHost } from '@tulle/decision/tables/route';
import { collectionOf } from '@tulle/xds/resource';

type Routes = ReadonlyMap<string, RouteTable>;
type Hosts = ReadonlyMap<string, VirtualHost>;

interface Joined {
  /** The table as it came, and its hosts. */
  readonly table: RouteTable;
  readonly hosts: readonly VirtualHost[];
  readonly value: RouteTable;
}

/** Route tables together with the virtual hosts that come by themselves; the same objects as long as nothing changes. */
export class JoinedTables {
  #routes: Routes | undefined;
  #hosts: Hosts | undefined;
  #joined: ReadonlyMap<string, Joined> = new Map();
  #tables: Routes = new Map();

  /** @param hosts by `<table>/<virtual host>`; of two that claim a domain the first keeps it */
  join(routes: Routes, hosts: Hosts): Routes {
    if (routes === this.#routes && hosts === this.#hosts) return this.#tables;
    const byTable = Map.groupBy(hosts, ([name]) => collectionOf('virtualHost', name));
    const joined = new Map<string, Joined>();
    for (const [name, table] of routes) {
      if (table.discoversHosts !== true) continue;
      const own = (byTable.get(name) ?? []).map(([, host]) => host);
      joined.set(name, this.#joinOne(name, table, own));
    }
    this.#routes = routes;
    this.#hosts = hosts;
    this.#joined = joined;
    this.#tables =
      joined.size === 0
        ? routes
        : new Map([...routes].map(([name, table]) => [name, joined.get(name)?.value ?? table]));
    return this.#tables;
  }

  #joinOne(name: string, table: RouteTable, hosts: readonly VirtualHost[]): Joined {
    const before = this.#joined.get(name);
    if (before?.table === table && isSame(before.hosts, hosts)) return before;
    return { table, hosts, value: { ...table, virtualHosts: [...hosts, ...table.virtualHosts] } };
  }
}

const isSame = (one: readonly VirtualHost[], other: readonly VirtualHost[]): boolean =>
  one.length === other.length && one.every((host, at) => host === other[at]);

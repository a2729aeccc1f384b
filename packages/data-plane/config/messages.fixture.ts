import type { RawResource } from '@tulle/xds/client/ads-client';
import { type Draft, encode, type Messages, type protobuf_Any } from '@tulle/xds/wire';

/** A message packed as xDS packs it. */
export const pack = <N extends keyof Messages>(name: N, message: Draft<Messages[N]>): protobuf_Any => ({
  typeUrl: `type.googleapis.com/${name}`,
  value: encode(name, message),
});

export const raw = (name: string, bytes: Uint8Array, version = '1'): RawResource => ({
  name,
  version,
  bytes,
});

export const router: Draft<
  Messages['envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter']
> = {
  name: 'router',
  typedConfig: pack('envoy.extensions.filters.http.router.v3.Router', {}),
};

type Manager = Messages['envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'];
type Chain = Messages['envoy.config.listener.v3.FilterChain'];

export const ads = { ads: {} } as const;
const managerName = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

export const httpChain = (manager: Draft<Manager>, chain: Draft<Chain> = {}): Draft<Chain> => ({
  filters: [{ name: 'hcm', typedConfig: pack(managerName, { httpFilters: [router], ...manager }) }],
  ...chain,
});

export const listener = (
  name: string,
  chains: readonly Draft<Chain>[],
  rest: Draft<Messages['envoy.config.listener.v3.Listener']> = {},
): RawResource =>
  raw(
    name,
    encode('envoy.config.listener.v3.Listener', {
      name,
      address: { socketAddress: { address: '127.0.0.1', portValue: 8080 } },
      filterChains: chains,
      ...rest,
    }),
  );

/** A listener whose routes come by RDS. */
export const rdsListener = (
  name: string,
  route: string,
  rest: Draft<Messages['envoy.config.listener.v3.Listener']> = {},
): RawResource => listener(name, [httpChain({ rds: { routeConfigName: route, configSource: ads } })], rest);

export const route = (
  name: string,
  cluster: string,
  rest: Draft<Messages['envoy.config.route.v3.RouteConfiguration']> = {},
): RawResource =>
  raw(
    name,
    encode('envoy.config.route.v3.RouteConfiguration', {
      name,
      virtualHosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster } }] },
      ],
      ...rest,
    }),
  );

/** A route table whose virtual hosts come by themselves. */
export const vhdsRoute = (name: string): RawResource => route(name, 'rest', { vhds: { configSource: ads } });

/** A virtual host `<table>/<host>` for the domain of its name. */
export const virtualHost = (table: string, name: string, cluster: string): RawResource =>
  raw(
    `${table}/${name}`,
    encode('envoy.config.route.v3.VirtualHost', {
      name,
      domains: [name],
      routes: [{ match: { prefix: '/' }, route: { cluster } }],
    }),
  );

export const cluster = (
  name: string,
  rest: Draft<Messages['envoy.config.cluster.v3.Cluster']> = {},
): RawResource =>
  raw(
    name,
    encode('envoy.config.cluster.v3.Cluster', {
      name,
      type: 'EDS',
      edsClusterConfig: { edsConfig: ads },
      ...rest,
    }),
  );

export const endpoints = (name: string, ...ports: number[]): RawResource =>
  raw(
    name,
    encode('envoy.config.endpoint.v3.ClusterLoadAssignment', {
      clusterName: name,
      endpoints: [
        {
          lbEndpoints: ports.map((portValue) => ({
            endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue } } },
          })),
        },
      ],
    }),
  );

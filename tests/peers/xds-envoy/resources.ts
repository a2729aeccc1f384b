/** The resources of one listener, route and cluster, by version. */
import type { Snapshot, XdsResource, XdsType } from '@tulle/xds/resource';
import { type Draft, encode, type Messages } from '@tulle/xds/wire';

const pack = <N extends keyof Messages>(name: N, message: Draft<Messages[N]>) => ({
  typeUrl: `type.googleapis.com/${name}`,
  value: encode(name, message),
});
const resource = <N extends keyof Messages>(
  type: N,
  name: string,
  version: string,
  message: Draft<Messages[N]>,
): XdsResource => ({
  name,
  version,
  bytes: encode(type, message),
  origins: [],
});
const socket = (portValue: number) => ({ socketAddress: { address: '127.0.0.1', portValue } });
const ads = { ads: {} } as const;

export const cluster = (name: string, version: string, seconds = 1): XdsResource =>
  resource('envoy.config.cluster.v3.Cluster', name, version, {
    name,
    type: 'EDS',
    edsClusterConfig: { edsConfig: ads },
    connectTimeout: { seconds, nanos: 0 },
  });
export const endpoints = (name: string, version: string, port: number): XdsResource =>
  resource('envoy.config.endpoint.v3.ClusterLoadAssignment', name, version, {
    clusterName: name,
    endpoints: [{ lbEndpoints: [{ endpoint: { address: socket(port) } }] }],
  });
export const route = (version: string, to: string): XdsResource =>
  resource('envoy.config.route.v3.RouteConfiguration', 'routes', version, {
    name: 'routes',
    virtualHosts: [
      { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: to } }] },
    ],
  });
const managerName = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
export const listener = (name: string, version: string, port: number, prefix = 'web'): XdsResource =>
  resource('envoy.config.listener.v3.Listener', name, version, {
    name,
    address: socket(port),
    filterChains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typedConfig: pack(managerName, {
              statPrefix: prefix,
              rds: { configSource: ads, routeConfigName: 'routes' },
              httpFilters: [
                {
                  name: 'envoy.filters.http.router',
                  typedConfig: pack('envoy.extensions.filters.http.router.v3.Router', {}),
                },
              ],
            }),
          },
        ],
      },
    ],
  });

export type Parts = Partial<Record<XdsType, readonly XdsResource[]>>;
export const types: readonly XdsType[] = ['cluster', 'endpoint', 'listener', 'route', 'secret'];
export const snapshotOf = (parts: Parts): Snapshot =>
  Object.fromEntries(
    types.map((type) => [type, new Map((parts[type] ?? []).map((item) => [item.name, item]))]),
  ) as unknown as Snapshot;

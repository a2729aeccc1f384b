import type { JsonObject } from '@bufbuild/protobuf';
import type { HygieneCase } from './case.ts';
import type { Certificates } from './certificates.ts';

type Named = JsonObject & { readonly name: string };
const typed = (name: string): string => `type.googleapis.com/${name}`;
const loopback = (portValue: number): JsonObject => ({ socketAddress: { address: '127.0.0.1', portValue } });

/**
 * A listener per row on `port`, named by its index; its one route goes to cluster `upstream`.
 *
 * @param material where the edge has certificate and roots from, as fields of a CommonTlsContext
 */
export const listeners = (
  rows: readonly HygieneCase[],
  port: number,
  material: JsonObject,
): readonly Named[] =>
  rows.map((row, index) => ({
    name: String(index),
    address: loopback(port),
    filterChains: [
      {
        filters: [
          { name: 'envoy.filters.network.http_connection_manager', typedConfig: connectionManager(row) },
        ],
        ...(row.tls !== undefined && { transportSocket: transportSocket(material) }),
      },
    ],
  }));

const transportSocket = (commonTlsContext: JsonObject): JsonObject => ({
  name: 'envoy.transport_sockets.tls',
  typedConfig: {
    '@type': typed('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
    commonTlsContext,
  },
});

/** Our engine has both by name. */
export const byName: JsonObject = {
  tlsCertificateSdsSecretConfigs: [{ name: 'default', sdsConfig: { ads: {} } }],
  combinedValidationContext: {
    defaultValidationContext: {},
    validationContextSdsSecretConfig: { name: 'ROOTCA', sdsConfig: { ads: {} } },
  },
};

const inline = ({ roots, edge }: Certificates): JsonObject => ({
  tlsCertificates: [
    { certificateChain: { inlineString: edge.chainPem }, privateKey: { inlineString: edge.keyPem } },
  ],
  validationContext: { trustedCa: { inlineString: roots } },
});

export const cluster = (port: number): Named => ({
  name: 'upstream',
  type: 'STATIC',
  loadAssignment: {
    clusterName: 'upstream',
    endpoints: [{ lbEndpoints: [{ endpoint: { address: loopback(port) } }] }],
  },
});

function connectionManager({ manager, virtualHost, action, prefix = '/' }: HygieneCase): JsonObject {
  return {
    '@type': typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    statPrefix: 'edge',
    ...manager,
    routeConfig: {
      name: 'edge',
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          ...virtualHost,
          routes: [{ match: { prefix }, route: { cluster: 'upstream', ...action } }],
        },
      ],
    },
    httpFilters: [
      {
        name: 'envoy.filters.http.router',
        typedConfig: { '@type': typed('envoy.extensions.filters.http.router.v3.Router') },
      },
    ],
  };
}

/** Both as a static bootstrap for Envoy. */
export const envoyBootstrap = (
  rows: readonly HygieneCase[],
  upstreamPort: number,
  certificates: Certificates,
): JsonObject => ({
  admin: { address: loopback(0) },
  staticResources: {
    listeners: [...listeners(rows, 0, inline(certificates))],
    clusters: [cluster(upstreamPort)],
  },
});

import { X509Certificate } from 'node:crypto';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { expect, test } from 'vitest';
import { readConfigDump } from '../api/config-dump.ts';
import {
  type ConfigTable,
  clusterTable,
  endpointTable,
  listenerTable,
  routeTable,
  secretTable,
} from './proxy-config-rows.ts';
import { renderTable } from './table.ts';

const origin = (kind: string, name: string) => ({
  metadata: { filter_metadata: { 'tulle.dev/origin': { origins: [{ kind, name, namespace: 'default' }] } } },
});
const address = (port: number) => ({
  address: { socket_address: { address: '127.0.0.1', port_value: port } },
});

const dump = {
  configs: [
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
      dynamic_listeners: [
        {
          active_state: {
            listener: {
              name: 'inbound_9080',
              ...address(20_100),
              ...origin('Workload', 'productpage-v1'),
              filter_chains: [
                {
                  filter_chain_match: { transport_protocol: 'tls' },
                  filters: [{ typed_config: { route_config: { name: 'inbound|9080||' } } }],
                },
              ],
            },
          },
        },
        {
          active_state: {
            listener: {
              name: 'outbound_http_proxy',
              ...address(20_101),
              filter_chains: [{ filters: [{ typed_config: { rds: { route_config_name: 'http_proxy' } } }] }],
            },
          },
        },
      ],
    },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump',
      dynamic_route_configs: [
        {
          route_config: {
            name: 'reviews:9080',
            virtual_hosts: [
              {
                domains: ['reviews:9080', 'reviews'],
                routes: [
                  {
                    match: { prefix: '/', headers: [{ name: 'end-user', string_match: { exact: 'jason' } }] },
                    route: { cluster: 'outbound|9080|v2|reviews.default.svc.cluster.local' },
                    ...origin('VirtualService', 'reviews'),
                  },
                  {
                    match: { prefix: '/' },
                    route: {
                      weighted_clusters: {
                        clusters: [
                          { name: 'v1', weight: 75 },
                          { name: 'v2', weight: 25 },
                        ],
                      },
                    },
                    ...origin('VirtualService', 'reviews'),
                  },
                ],
              },
            ],
          },
        },
      ],
    },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
      dynamic_active_clusters: [
        {
          cluster: {
            name: 'outbound|9080|v2|reviews.default.svc.cluster.local',
            type: 'EDS',
            transport_socket_matches: [
              {
                transport_socket: {
                  typed_config: {
                    common_tls_context: { tls_certificate_sds_secret_configs: [{ name: 'default' }] },
                  },
                },
              },
            ],
          },
        },
        { cluster: { name: 'inbound|9080||', type: 'STATIC' } },
      ],
    },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.SecretsConfigDump',
      dynamic_active_secrets: [{ name: 'default' }, { name: 'ROOTCA' }],
    },
  ],
};

const clusters = {
  cluster_statuses: [
    {
      name: 'outbound|9080|v2|reviews.default.svc.cluster.local',
      host_statuses: [
        {
          ...address(20_200),
          weight: 1,
          health_status: { eds_health_status: 'HEALTHY' },
          stats: [{ name: 'rq_total', value: '12' }],
        },
        {
          ...address(20_201),
          weight: 1,
          health_status: { eds_health_status: 'HEALTHY', failed_outlier_check: true },
        },
      ],
    },
  ],
};

const certs = {
  certificates: [
    {
      ca_cert: [
        {
          serial_number: '0a',
          subject_alt_names: [{ uri: 'spiffe://cluster.local' }],
          expiration_time: '2036-11-19T12:00:00Z',
        },
      ],
      cert_chain: [
        {
          serial_number: '0b',
          subject_alt_names: [{ uri: 'spiffe://cluster.local/ns/default/sa/x' }],
          expiration_time: '2026-11-22T11:00:00Z',
        },
      ],
    },
  ],
};

test('what a proxy has, as tables', async () => {
  const config = readConfigDump(dump);
  const show = ({ columns, rows }: ConfigTable): string =>
    renderTable(
      columns.map((title) => ({ title })),
      rows,
    );
  const text = [
    listenerTable(config.listeners),
    routeTable(config.routes),
    clusterTable(config.clusters),
    endpointTable(clusters),
    secretTable(config.secrets, certs, Date.parse('2026-11-21T12:00:00Z')),
  ].map(show);
  await expect(text.join('\n')).toMatchFileSnapshot('golden/proxy-config.txt');
});

test('what a cluster’s connections are: the mesh’s own TLS, any other, none; a PROXY header changes nothing', () => {
  const socket = (common: object) => ({ typed_config: { common_tls_context: common } });
  const mesh = socket({ tls_certificate_sds_secret_configs: [{ name: 'default' }] });
  const raw = { typed_config: { '@type': 'type.googleapis.com/…RawBuffer' } };
  const tlsOf = (cluster: object) => clusterTable([{ name: 'a|1||b', ...cluster }]).rows[0]?.[5];
  expect(tlsOf({})).toBe('plain');
  expect(tlsOf({ transport_socket: raw })).toBe('plain');
  expect(tlsOf({ transport_socket: socket({}) })).toBe('TLS');
  expect(tlsOf({ transport_socket: mesh })).toBe('mTLS');
  expect(tlsOf({ transport_socket_matches: [{ transport_socket: mesh }, { transport_socket: raw }] })).toBe(
    'mTLS',
  );
  expect(tlsOf({ transport_socket: { typed_config: { config: {}, transport_socket: raw } } })).toBe('plain');
  expect(tlsOf({ transport_socket: { typed_config: { config: {}, transport_socket: mesh } } })).toBe('mTLS');
});

test('IPv6 addresses can be told from their ports', () => {
  const on = { address: { socket_address: { address: '::', port_value: 80 } } };
  expect(listenerTable([{ name: 'l', ...on, filter_chains: [{}] }]).rows[0]?.[1]).toBe('[::]:80');
});

test('a dump of another shape gives empty tables, not a crash', () => {
  for (const other of [undefined, null, 7, 'x', [], { configs: 'x' }, { configs: [null, {}] }]) {
    const config = readConfigDump(other);
    expect(listenerTable(config.listeners).rows).toEqual([]);
    expect(routeTable(config.routes).rows).toEqual([]);
    expect(endpointTable(other).rows).toEqual([]);
    expect(secretTable(config.secrets, other, 0).rows).toEqual([]);
  }
});

test('a gateway has certificates of its own beside its identity', async () => {
  const authority = await testAuthority();
  const identity = await authority.issue({ uris: ['spiffe://mesh/ns/a/sa/gateway'] });
  const shop = await authority.issue({ dnsNames: ['shop.example.com'] });
  const cert = (pem: string, san: object) => ({
    serial_number: new X509Certificate(pem).serialNumber.toLowerCase(),
    subject_alt_names: [san],
    expiration_time: '2026-11-22T12:00:00Z',
  });
  const certs = {
    certificates: [
      { cert_chain: [cert(identity.chainPem, { uri: 'spiffe://mesh/ns/a/sa/gateway' })] },
      { cert_chain: [cert(shop.chainPem, { dns: 'shop.example.com' })] },
    ],
  };
  const inlineBytes = Buffer.from(shop.chainPem).toString('base64');
  const secrets = [
    {
      name: 'kubernetes://shop',
      secret: { tls_certificate: { certificate_chain: { inline_bytes: inlineBytes } } },
    },
  ];
  const rows = secretTable(secrets, certs, Date.parse('2026-11-21T12:00:00Z')).rows;
  expect(rows.map(([name, type, identity]) => [name, type, identity])).toEqual([
    ['default', 'certificate', 'spiffe://mesh/ns/a/sa/gateway'],
    ['kubernetes://shop', 'certificate', 'shop.example.com'],
  ]);
});

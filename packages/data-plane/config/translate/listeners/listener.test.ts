import type { HttpManager } from '@tulle/decision/tables/http-manager';
import type { Listener } from '@tulle/decision/tables/listener';
import { type Draft, encode, type Messages } from '@tulle/xds/wire';
import { describe, expect, test } from 'vitest';
import { edgeRules } from '../../../testing/tables.ts';
import { ads, httpChain, pack, router } from '../../messages.fixture.ts';
import { filterReaders } from '../filters/filter-readers.ts';
import { translateResource } from '../resource.ts';

type Message = Draft<Messages['envoy.config.listener.v3.Listener']>;
type Manager = Draft<
  Messages['envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager']
>;
type Tcp = Draft<Messages['envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy']>;
type DownstreamTls = Draft<Messages['envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext']>;
type Log = Draft<Messages['envoy.extensions.access_loggers.file.v3.FileAccessLog']>;

const address = { socketAddress: { address: '127.0.0.1', portValue: 9080 } };
const rds = { configSource: ads, routeConfigName: 'r' };
const translate = (message: Message) =>
  translateResource(
    'listener',
    'l',
    encode('envoy.config.listener.v3.Listener', { name: 'l', address, ...message }),
    filterReaders,
  );
const reason = (message: Message): string => {
  const result = translate(message);
  return result.ok ? '' : result.reason;
};
function listener(message: Message): Listener {
  const result = translate(message);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}
const http = (manager: Manager): Message => ({ filterChains: [httpChain({ rds, ...manager })] });
function manager(of: Manager): HttpManager {
  const filter = listener(http(of)).filterChains[0]?.filter;
  if (filter?.kind !== 'http') throw new Error('no HTTP');
  return filter.manager;
}
const tcp = (of: Tcp): Message => ({
  filterChains: [
    {
      filters: [
        { name: 'tcp', typedConfig: pack('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', of) },
      ],
    },
  ],
});
const tls = (context: DownstreamTls): Message => ({
  filterChains: [
    httpChain(
      { rds },
      {
        transportSocket: {
          typedConfig: pack('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', context),
        },
      },
    ),
  ],
});
const certificate = { tlsCertificateSdsSecretConfigs: [{ name: 'default', sdsConfig: ads }] };
const inspector = (
  name: 'tls_inspector.v3.TlsInspector' | 'http_inspector.v3.HttpInspector' | 'original_dst.v3.OriginalDst',
) => ({
  name,
  typedConfig: pack(`envoy.extensions.filters.listener.${name}`, {}),
});

const udp = { socketAddress: { protocol: 'UDP', address: '127.0.0.1', portValue: 53 } } as const;
const dns = (
  domains: readonly { readonly name: string; readonly addresses: readonly string[]; readonly ttl?: number }[],
  client?: Draft<Messages['envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig.ClientContextConfig']>,
): Message => ({
  address: udp,
  listenerFilters: [
    {
      name: 'envoy.filters.udp.dns_filter',
      typedConfig: pack('envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig', {
        serverConfig: {
          inlineDnsTable: {
            virtualDomains: domains.map(({ name, addresses, ttl }) => ({
              name,
              endpoint: { addressList: { address: [...addresses] } },
              ...(ttl === undefined ? {} : { answerTtl: { seconds: ttl, nanos: 0 } }),
            })),
          },
        },
        ...(client === undefined ? {} : { clientConfig: client }),
      }),
    },
  ],
});

test('a UDP listener with Envoy’s DNS filter is a table of names', () => {
  const { dns: table, filterChains } = listener(
    dns(
      [
        { name: 'Reviews.default', addresses: ['240.240.0.1'], ttl: 30 },
        { name: '*.wild.test', addresses: ['240.240.0.2', '2001:db8::2'] },
      ],
      { resolverTimeout: { seconds: 2, nanos: 0 }, maxPendingLookups: 16 },
    ),
  );
  expect(filterChains).toEqual([]);
  expect(table).toEqual({
    names: new Map([
      ['reviews.default', { addresses: ['240.240.0.1'], ttlSeconds: 30 }],
      ['*.wild.test', { addresses: ['240.240.0.2', '2001:db8::2'], ttlSeconds: 300 }],
    ]),
    forwardTimeoutMs: 2_000,
    maxForwarded: 16,
  });
  expect(listener(dns([])).dns?.maxForwarded).toBe(0);
});

test('what is redirected: handed off, only restored, to a listener that binds nothing, by port', () => {
  const of = (message: Message): Listener => listener({ ...http({}), ...message });
  expect(of({ useOriginalDst: true }).originalDestination).toBe('hand-off');
  expect(of({ listenerFilters: [inspector('original_dst.v3.OriginalDst')] }).originalDestination).toBe(
    'restore',
  );
  expect(of({}).originalDestination).toBeUndefined();
  expect(of({ bindToPort: false }).unbound).toBe(true);
  expect(of({ bindToPort: true }).unbound).toBeUndefined();
  const chain = { ...httpChain({ rds }), filterChainMatch: { destinationPort: 9080 } };
  expect(of({ filterChains: [chain] }).filterChains[0]?.match.destinationPort).toBe(9080);
});

test('a STRICT inbound listener as our control plane sends it', () => {
  const { filterChains, ...rest } = listener({
    trafficDirection: 'INBOUND',
    listenerFilters: [
      inspector('tls_inspector.v3.TlsInspector'),
      inspector('http_inspector.v3.HttpInspector'),
    ],
    listenerFiltersTimeout: { seconds: 0, nanos: 0 },
    continueOnListenerFiltersTimeout: true,
    filterChains: [
      httpChain(
        {
          routeConfig: {
            name: 'inbound|9080||',
            virtualHosts: [
              {
                name: 'v',
                domains: ['*'],
                routes: [{ match: { prefix: '/' }, route: { cluster: 'inbound|9080||' } }],
              },
            ],
          },
        },
        {
          name: 'tls',
          filterChainMatch: {
            transportProtocol: 'tls',
            serverNames: ['A.example.com'],
            applicationProtocols: ['istio'],
          },
          transportSocket: {
            typedConfig: pack('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
              requireClientCertificate: true,
              commonTlsContext: {
                ...certificate,
                combinedValidationContext: {
                  defaultValidationContext: {
                    matchTypedSubjectAltNames: [{ sanType: 'URI', matcher: { prefix: 'spiffe://td/' } }],
                  },
                  validationContextSdsSecretConfig: { name: 'ROOTCA', sdsConfig: ads },
                },
              },
            }),
          },
        },
      ),
    ],
  });
  expect(rest).toEqual({
    name: 'l',
    address: '127.0.0.1',
    port: 9080,
    direction: 'inbound',
    inspectTimeoutMs: 0,
    continueOnInspectTimeout: true,
    inspectTls: true,
    inspectHttp: true,
  });
  expect(filterChains[0]).toMatchObject({
    name: 'tls',
    match: { serverNames: ['a.example.com'], transportProtocol: 'tls', applicationProtocols: ['istio'] },
    tls: {
      requireClientCertificate: true,
      certificateSecrets: ['default'],
      validation: { rootsSecret: 'ROOTCA' },
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
    },
    filter: { kind: 'http', manager: { routes: { kind: 'inline', table: { name: 'inbound|9080||' } } } },
  });
});

describe('the HTTP connection manager', () => {
  test('Envoy’s defaults', () => {
    expect(manager({ statPrefix: 's' })).toEqual({
      statPrefix: 's',
      codec: 'auto',
      routes: { kind: 'rds', name: 'r' },
      filters: [
        { name: 'router', typeUrl: router.typedConfig?.typeUrl, config: { suppressEnvoyHeaders: false } },
      ],
      accessLogs: [],
      edge: edgeRules({
        path: { normalize: false, mergeSlashes: false, escapedSlashes: 'keep' },
        server: { name: 'envoy', when: 'always' },
      }),
      upgrades: [],
      idleTimeoutMs: 3_600_000,
      streamIdleTimeoutMs: 300_000,
      requestHeadersTimeoutMs: 0,
      requestTimeoutMs: 0,
      maxRequestHeadersBytes: 60 * 1024,
      maxRequestsPerConnection: 0,
      maxConnectionDurationMs: 0,
      http2: {},
    });
  });

  test('what is set is taken', () => {
    expect(
      manager({
        codecType: 'HTTP1',
        serverHeaderTransformation: 'PASS_THROUGH',
        generateRequestId: false,
        useRemoteAddress: true,
        forwardClientCertDetails: 'APPEND_FORWARD',
        setCurrentClientCertDetails: { dns: true, subject: true },
        upgradeConfigs: [
          { upgradeType: 'websocket' },
          { upgradeType: 'CONNECT' },
          { upgradeType: 'no', enabled: false },
        ],
        normalizePath: true,
        streamIdleTimeout: { seconds: 0, nanos: 0 },
        maxRequestHeadersKb: 8,
      }),
    ).toMatchObject({
      codec: 'http1',
      edge: {
        client: { useRemoteAddress: true },
        requestId: { generate: false },
        path: { normalize: true },
        clientCertificate: { mode: 'append-forward', details: ['subject', 'dns'] },
        server: { when: 'never' },
      },
      upgrades: ['websocket', 'connect'],
      streamIdleTimeoutMs: 0,
      maxRequestHeadersBytes: 8192,
    });
    expect(manager({ serverName: 'tulle' }).edge.server).toEqual({ name: 'tulle', when: 'always' });
  });

  test('filters: a TypedStruct counts as what it names; an optional one that we lack is left out', () => {
    const { filters } = manager({
      httpFilters: [
        {
          name: 'istio.stats',
          typedConfig: pack('udpa.type.v1.TypedStruct', {
            typeUrl: 'type.googleapis.com/stats.PluginConfig',
            value: { a: 1 },
          }),
        },
        { name: 'wasm', isOptional: true, typedConfig: { typeUrl: 'x/envoy.Wasm', value: new Uint8Array() } },
        router,
      ],
    });
    expect(filters.map(({ name, typeUrl }) => [name, typeUrl])).toEqual([
      ['istio.stats', 'type.googleapis.com/stats.PluginConfig'],
      ['router', 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router'],
    ]);
    expect({ ...(filters[0]?.config as object) }).toEqual({ a: 1 });
  });

  test('access logs: text, JSON, default, standard streams', () => {
    const file = (log: Log) => ({
      typedConfig: pack('envoy.extensions.access_loggers.file.v3.FileAccessLog', log),
    });
    const { accessLogs } = manager({
      accessLog: [
        file({ path: '/dev/stdout', logFormat: { textFormatSource: { inlineString: '%PROTOCOL%\n' } } }),
        file({ path: '/tmp/log', logFormat: { jsonFormat: { a: '%PROTOCOL%', b: { c: 'x' }, n: 1 } } }),
        file({ path: '/tmp/log' }),
        { typedConfig: pack('envoy.extensions.access_loggers.stream.v3.StderrAccessLog', {}) },
      ],
    });
    expect(accessLogs.slice(0, 2)).toEqual([
      { path: '/dev/stdout', format: { kind: 'text', text: '%PROTOCOL%\n' } },
      { path: '/tmp/log', format: { kind: 'json', fields: { a: '%PROTOCOL%', b: { c: 'x' }, n: '1' } } },
    ]);
    expect(accessLogs[2]?.format).toMatchObject({
      kind: 'text',
      text: expect.stringContaining('%RESPONSE_FLAGS%'),
    });
    expect(accessLogs[3]?.path).toBe('/dev/stderr');
  });
});

test('the TCP proxy: defaults, weights', () => {
  expect(listener(tcp({ cluster: 'c', statPrefix: 's' })).filterChains[0]?.filter).toMatchObject({
    kind: 'tcp',
    proxy: {
      statPrefix: 's',
      idleTimeoutMs: 3_600_000,
      maxConnectAttempts: 1,
      clusters: [{ name: 'c', weight: 1 }],
    },
  });
  expect(
    listener(
      tcp({
        weightedClusters: {
          clusters: [
            { name: 'a', weight: 1 },
            { name: 'b', weight: 3 },
          ],
        },
        maxConnectAttempts: 10,
      }),
    ).filterChains[0]?.filter,
  ).toMatchObject({ proxy: { maxConnectAttempts: 10, clusters: [{ name: 'a' }, { name: 'b', weight: 3 }] } });
});

test('references: routes and secrets of all chains', () => {
  const result = translate({
    ...tls({ commonTlsContext: certificate }),
    defaultFilterChain: httpChain({ rds: { ...rds, routeConfigName: 'other' } }),
  });
  expect(result.ok && result.references).toEqual({
    endpoint: [],
    route: ['r', 'other'],
    virtualHost: [],
    secret: ['default'],
  });
});

describe('what is refused, and where', () => {
  const chain = 'filter_chains[0].filters[0].typed_config';
  test.each<[Message, string]>([
    [{ ...http({}), address: {} }, 'address: must be a socket address with a port'],
    [{ ...http({}), transparent: true }, 'transparent: is not supported'],
    [{}, 'filter_chains: must not be empty'],
    [
      { ...http({}), listenerFilters: [{ name: 'proxy_protocol' }] },
      'listener_filters[0]: proxy_protocol is not supported',
    ],
    [{ filterChains: [{ filters: [] }] }, 'filter_chains[0].filters: must end with'],
    [
      {
        filterChains: [
          { filters: [{ name: 'mongo', typedConfig: { typeUrl: 'x/a.Mongo', value: new Uint8Array() } }] },
        ],
      },
      'filter_chains[0].filters[0]: network filter a.Mongo is not supported',
    ],
    [
      { address: udp, listenerFilters: [inspector('tls_inspector.v3.TlsInspector')] },
      'listener_filters: must be the DNS filter alone on a UDP listener',
    ],
    [dns([{ name: 'a b', addresses: ['10.0.0.1'] }]), 'virtual_domains[0].name: "a b" is no domain name'],
    [
      dns([{ name: 'a.test', addresses: ['nowhere'] }]),
      'virtual_domains[0].endpoint.address_list: "nowhere"',
    ],
    [
      { filterChains: [{ ...httpChain({ rds }), filterChainMatch: { transportProtocol: 'quic' } }] },
      '"quic" is not supported',
    ],
    [{ filterChains: [httpChain({})] }, `${chain}: must have routes`],
    [http({ rds: { routeConfigName: 'r' } }), `${chain}.rds.config_source: must be ads`],
    [http({ codecType: 'HTTP3' }), `${chain}.codec_type: HTTP3 is not supported`],
    [http({ httpFilters: [] }), `${chain}.http_filters: must end with the router`],
    [
      http({
        httpFilters: [
          { name: 'w', typedConfig: { typeUrl: 'x/envoy.Wasm', value: new Uint8Array() } },
          router,
        ],
      }),
      `${chain}.http_filters[0].typed_config: HTTP filter envoy.Wasm is not supported`,
    ],
    [
      http({ httpFilters: [{ ...router, disabled: true }] }),
      `${chain}.http_filters[0].disabled: is not supported`,
    ],
    [
      http({ httpFilters: [{ name: 'none' }, router] }),
      `${chain}.http_filters[0]: filter "none" has no typed_config`,
    ],
    [
      http({ accessLog: [{ typedConfig: { typeUrl: 'x/a.Grpc', value: new Uint8Array() } }] }),
      `${chain}.access_log[0].typed_config: access log a.Grpc is not supported`,
    ],
    [tls({}), 'a server needs a certificate by SDS'],
    [
      tls({ requireClientCertificate: true, commonTlsContext: certificate }),
      'require_client_certificate needs a validation context',
    ],
    [
      tls({ commonTlsContext: { tlsCertificateSdsSecretConfigs: [{ name: '' }] } }),
      'tls_certificate_sds_secret_configs[0].name: must not be empty',
    ],
    [tcp({}), `${chain}: must name a cluster`],
  ])('%#: %j', (message, expected) => expect(reason(message)).toContain(expected));
});

/** What the mesh says for all: rows of a mesh of their own, with these settings. */
import { destinationRule, docs, edge, gateway, subsets, toHttp, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

/** Of the Mesh's spec. */
export const meshSettings = {
  pathNormalization: { normalization: 'DECODE_AND_MERGE_SLASHES' },
  outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
  defaultHttpRetryPolicy: { attempts: 3, retryOn: '5xx', backoff: '10ms' },
  localityLbSetting: { distribute: [{ from: 'west/a/*', to: { 'west/b/*': 50, 'east/a/*': 50 } }] },
  defaultVirtualServiceExportTo: ['.'],
  defaultDestinationRuleExportTo: ['.'],
  gatewayTopology: { numTrustedProxies: 1 },
  mtls: { mode: 'PERMISSIVE' },
  serviceSettings: [{ settings: { clusterLocal: true }, hosts: ['*.traffic.svc.cluster.local'] }],
} as const;

const doc = docs.mesh('MeshConfig');
/** For the gateway, whose namespace is another. */
const forAll = 'exportTo: ["*"]';

export const settings: readonly Scenario[] = [
  {
    title: 'settings: pathNormalization puts paths right before rules see them, at sidecars and gateways',
    doc: docs.mesh('MeshConfig-ProxyPathNormalization-NormalizationType'),
    resources: [
      subsets(forAll),
      edge,
      virtualService(`
        ${forAll}
        hosts: [$host, $edge]
        gateways: [mesh, $name]
        http:
        - match: [{ uri: { exact: /a/b } }]
          ${toHttp('v2')}
        - ${toHttp('v1')}
      `),
    ],
    steps: ['http://$host', 'http://$edge'].flatMap((host) =>
      ['/a//b', '/a%2fb', '/c/../a/b', '/a%2Fb?c=d'].map((path) => ({
        from: host === 'http://$edge' ? ('gateway' as const) : ('client' as const),
        kind: 'http2' as const,
        url: host,
        headers: { ':path': path },
        expect: { version: 'v2', seen: { ':path': path.endsWith('?c=d') ? '/a/b?c=d' : '/a/b' } },
      })),
    ),
  },
  {
    title: 'settings: outboundTrafficPolicy REGISTRY_ONLY: who is not known is not called',
    doc: docs.task('egress/egress-control'),
    resources: [],
    steps: [
      { url: 'http://localhost:$http/', expect: { status: 502, received: 0 } },
      { kind: 'http2', url: 'http://localhost:$http/', expect: { status: 502, received: 0 } },
      { expect: {} },
    ],
  },
  {
    title: 'settings: defaultHttpRetryPolicy, where a rule says nothing',
    doc,
    resources: [
      subsets(),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /own } }]
          retries: { attempts: 1, retryOn: 5xx }
          ${toHttp('v1')}
        - match: [{ uri: { prefix: /none } }]
          retries: { attempts: 0 }
          ${toHttp('v1')}
        - ${toHttp('v1')}
      `),
    ],
    steps: [
      { behave: { status: 503 }, expect: { status: 503, received: 4 } },
      { kind: 'http2', url: 'http://$host:81/', behave: { status: 500, first: 3 }, expect: { received: 4 } },
      { url: 'http://$host/own', behave: { status: 503 }, expect: { status: 503, received: 2 } },
      { url: 'http://$host/none', behave: { status: 503 }, expect: { status: 503, received: 1 } },
    ],
  },
  {
    title: 'settings: localityLbSetting, where a DestinationRule says nothing',
    doc: docs.destinationRule('LocalityLoadBalancerSetting'),
    resources: [],
    steps: [{ from: 'near', times: 120, expect: { shares: { v2: 0.5, v3: 0.5 } } }],
  },
  {
    title: 'settings: virtual services and destination rules are for their own namespace by default',
    doc,
    resources: [
      virtualService(`
        http:
        - headers: { request: { set: { x-routed: "yes" } } }
          route: [{ destination: { host: $host } }]
      `),
      destinationRule('trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: x-user } } }'),
    ],
    steps: [
      { times: 10, headers: { 'x-user': 'jason' }, expect: { versions: 1, seen: { 'x-routed': 'yes' } } },
      // Each of at least two of three is asked at random: all the same with (1/3)^39.
      {
        from: 'other',
        times: 40,
        headers: { 'x-user': 'jason' },
        expect: { versions: 3, seen: { 'x-routed': null } },
      },
    ],
  },
  {
    title: 'settings: numTrustedProxies: the client’s address is what the proxy before the gateway says',
    doc: docs.ops('configuration/traffic-management/network-topologies/'),
    resources: [
      subsets(forAll),
      edge,
      virtualService(`
        ${forAll}
        hosts: [$edge]
        gateways: [$name]
        http:
        - ${toHttp('v1')}
      `),
    ],
    steps: [
      {
        from: 'gateway',
        url: 'http://$edge/',
        headers: { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' },
        expect: {
          seen: {
            'x-envoy-external-address': '198.51.100.7',
            // An Envoy names a client on its own machine by that machine's address.
            'x-forwarded-for': /^203\.0\.113\.9, ?198\.51\.100\.7, ?[0-9.]+$/,
          },
        },
      },
    ],
  },
  {
    title: 'settings: numTrustedProxies: who came to the proxy before the gateway by TLS is not sent there',
    doc: docs.ops('configuration/traffic-management/network-topologies/'),
    resources: [
      subsets(forAll),
      gateway(`
        servers:
        - port: { number: 80, name: http, protocol: HTTP }
          hosts: [$edge]
          tls: { httpsRedirect: true }
      `),
      virtualService(`
        ${forAll}
        hosts: [$edge]
        gateways: [$name]
        http:
        - ${toHttp('v1')}
      `),
    ],
    steps: (['http', 'http2'] as const).flatMap((kind) => [
      {
        ...{ kind, from: 'gateway' as const, url: 'http://$edge/' },
        headers: { 'x-forwarded-proto': 'https' },
        expect: { version: 'v1', seen: { 'x-forwarded-proto': 'https' } },
      },
      {
        ...{ kind, from: 'gateway' as const, url: 'http://$edge/' },
        expect: { status: 301, received: 0, headers: { location: /^https:\/\/s\d+\.edge\.test(:443)?\/$/ } },
      },
    ]),
  },
  {
    title: 'settings: mTLS PERMISSIVE takes plain text, too',
    doc: 'https://istio.io/latest/docs/reference/config/security/peer_authentication/#PeerAuthentication-MutualTLS-Mode',
    resources: [destinationRule('trafficPolicy: { tls: { mode: DISABLE } }')],
    steps: [
      { expect: {} },
      { kind: 'grpc', url: 'http://$host:82/test.Echo/Unary', expect: { grpcStatus: 0 } },
      { from: 'other', expect: {} },
    ],
  },
];

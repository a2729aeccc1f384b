/** DestinationRule: load balancers, hashing, subsets' and ports' own policies, pools, outliers. */
import { destinationRule, docs, serviceEntry, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const simple = docs.destinationRule('LoadBalancerSettings-SimpleLB');
const hash = docs.destinationRule('LoadBalancerSettings-ConsistentHashLB');
const third = { v1: 1 / 3, v2: 1 / 3, v3: 1 / 3 };
const hashed = (by: string): string =>
  destinationRule(`trafficPolicy: { loadBalancer: { consistentHash: ${by} } }`);

/** One plain HTTP/1.1 application outside, with a policy. */
const outside = (policy: string): readonly string[] => [
  serviceEntry(`
    location: MESH_EXTERNAL
    resolution: STATIC
    ports: [{ number: 80, name: http, protocol: HTTP, targetPort: $http }]
    endpoints: [{ address: 127.0.0.1 }]
  `),
  destinationRule(`
    host: $outside
    trafficPolicy: ${policy}
  `),
];

export const destination: readonly Scenario[] = [
  {
    title: 'balance: ROUND_ROBIN takes turns',
    doc: simple,
    resources: [destinationRule('trafficPolicy: { loadBalancer: { simple: ROUND_ROBIN } }')],
    steps: [{ times: 30, expect: { receivedBy: { v1: 10, v2: 10, v3: 10 } } }],
  },
  {
    title: 'balance: RANDOM',
    doc: simple,
    resources: [destinationRule('trafficPolicy: { loadBalancer: { simple: RANDOM } }')],
    steps: [{ times: 300, expect: { shares: third } }],
  },
  {
    title: 'balance: LEAST_REQUEST prefers whom fewer requests wait at',
    doc: simple,
    resources: [destinationRule('trafficPolicy: { loadBalancer: { simple: LEAST_REQUEST } }')],
    // Of two drawn at random the less busy is taken: with v1 slow it gets less than its third, 60 ± 5 × 6.3.
    steps: [
      {
        times: 180,
        together: true,
        behave: { only: 'v1', delayMs: 800 },
        expect: { receivedBy: { v1: [0, 91], v2: [29, 180], v3: [29, 180] } },
      },
    ],
  },
  {
    title: 'hash: by a header; one value stays, many are spread',
    doc: hash,
    resources: [hashed('{ httpHeaderName: x-user }')],
    steps: [
      { times: 12, headers: { 'x-user': 'jason' }, expect: { sticky: true } },
      { times: 12, headers: { 'x-user': 'mary' }, expect: { sticky: true } },
    ],
  },
  {
    title: 'hash: by the source address',
    doc: hash,
    resources: [hashed('{ useSourceIp: true }')],
    steps: [{ times: 15, expect: { sticky: true } }],
  },
  {
    title: 'hash: by a query parameter',
    doc: hash,
    resources: [hashed('{ httpQueryParameterName: user }')],
    steps: [
      { times: 12, url: 'http://$host/?user=jason', expect: { sticky: true } },
      { times: 12, url: 'http://$host/a?b=c&user=mary', expect: { sticky: true } },
    ],
  },
  {
    title: 'hash: Maglev',
    doc: hash,
    resources: [hashed('{ maglev: { tableSize: 251 }, httpHeaderName: x-user }')],
    steps: [{ times: 12, headers: { 'x-user': 'jason' }, expect: { sticky: true } }],
  },
  {
    title: 'hash: a request without the header goes anywhere',
    doc: docs.envoy(
      'api-v3/config/route/v3/route_components.proto#envoy-v3-api-field-config-route-v3-routeaction-hash-policy',
    ),
    resources: [hashed('{ ringHash: { minimumRingSize: 64 }, httpHeaderName: x-user }')],
    steps: [{ times: 300, expect: { shares: third } }],
  },
  {
    title: 'subset: its own policy overrides that of the rule',
    doc: docs.destinationRule('Subset'),
    resources: [
      destinationRule(`
        trafficPolicy: { connectionPool: { http: { http1MaxPendingRequests: 1 } }, loadBalancer: { simple: ROUND_ROBIN } }
        subsets:
        - name: sticky
          labels: { app: echo }
          trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: x-user } } }
      `),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /sticky } }]
          route: [{ destination: { host: $host, subset: sticky } }]
        - route: [{ destination: { host: $host } }]
      `),
    ],
    steps: [
      { times: 12, url: 'http://$host/sticky', headers: { 'x-user': 'jason' }, expect: { sticky: true } },
      { times: 12, headers: { 'x-user': 'jason' }, expect: { receivedBy: { v1: 4, v2: 4, v3: 4 } } },
    ],
  },
  {
    title: 'portLevelSettings: for one port; other ports have the rule’s',
    doc: docs.destinationRule('TrafficPolicy-PortTrafficPolicy'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { consistentHash: { httpHeaderName: x-user } }
          portLevelSettings:
          - port: { number: 81 }
            loadBalancer: { simple: ROUND_ROBIN }
      `),
    ],
    steps: [
      { times: 12, headers: { 'x-user': 'jason' }, expect: { sticky: true } },
      {
        times: 12,
        kind: 'http2',
        url: 'http://$host:81/',
        headers: { 'x-user': 'jason' },
        expect: { receivedBy: { v1: 4, v2: 4, v3: 4 } },
      },
    ],
  },
  {
    title: 'pool: more requests than http2MaxRequests are refused',
    doc: docs.destinationRule('ConnectionPoolSettings-HTTPSettings'),
    resources: [destinationRule('trafficPolicy: { connectionPool: { http: { http2MaxRequests: 2 } } }')],
    steps: [
      {
        times: 6,
        together: true,
        kind: 'http2',
        url: 'http://$host:81/',
        behave: { delayMs: 800 },
        expect: { status: { 200: 2, 503: 4 }, received: 2 },
      },
    ],
  },
  {
    title: 'pool: maxConnections and http1MaxPendingRequests: one is served, one waits, others are refused',
    doc: docs.task('circuit-breaking'),
    resources: outside(
      '{ connectionPool: { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 1 } } }',
    ),
    steps: [
      { url: 'http://$outside/', expect: {} },
      {
        url: 'http://$outside/',
        times: 5,
        together: true,
        behave: { delayMs: 500 },
        expect: { status: { 200: 2, 503: 3 }, received: 2 },
      },
    ],
  },
  {
    title: 'pool: maxRequestsPerConnection',
    doc: docs.destinationRule('ConnectionPoolSettings-HTTPSettings'),
    resources: outside('{ connectionPool: { http: { maxRequestsPerConnection: 2 } } }'),
    steps: [{ url: 'http://$outside/', times: 6, expect: { connections: 3 } }],
  },
  {
    title: 'pool: connections are kept without a limit',
    doc: docs.destinationRule('ConnectionPoolSettings-HTTPSettings'),
    resources: outside('{ loadBalancer: { simple: ROUND_ROBIN } }'),
    steps: [{ url: 'http://$outside/', times: 6, expect: { connections: 1 } }],
  },
  {
    title: 'pool: h2UpgradePolicy UPGRADE asks a port of HTTP in HTTP/2',
    doc: docs.destinationRule('ConnectionPoolSettings-HTTPSettings-H2UpgradePolicy'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 80, name: http, protocol: HTTP, targetPort: $h2c }]
        endpoints: [{ address: 127.0.0.1 }]
      `),
      destinationRule(`
        host: $outside
        trafficPolicy: { connectionPool: { http: { h2UpgradePolicy: UPGRADE } } }
      `),
    ],
    steps: [{ url: 'http://$outside/', expect: { seen: { ':version': '2.0' } } }],
  },
  {
    title: 'pool: useClientProtocol asks in what the client speaks',
    doc: docs.destinationRule('ConnectionPoolSettings-HTTPSettings'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 80, name: http, protocol: HTTP, targetPort: $h2c }]
        endpoints: [{ address: 127.0.0.1 }]
      `),
      destinationRule(`
        host: $outside
        trafficPolicy: { connectionPool: { http: { useClientProtocol: true } } }
      `),
    ],
    steps: [{ kind: 'http2', url: 'http://$outside/', expect: { seen: { ':version': '2.0' } } }],
  },
  {
    title: 'outlier: consecutive5xxErrors eject an instance',
    doc: docs.destinationRule('OutlierDetection'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection: { consecutive5xxErrors: 3, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100 }
      `),
    ],
    steps: [
      {
        times: 30,
        behave: { only: 'v1', status: 500 },
        expect: { status: { 500: 3, 200: 27 }, receivedBy: { v1: 3 } },
      },
      { times: 10, expect: { receivedBy: { v1: 0, v2: 5, v3: 5 } } },
    ],
  },
  {
    title: 'outlier: consecutiveGatewayErrors count 502, 503 and 504 only',
    doc: docs.destinationRule('OutlierDetection'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection:
            { consecutiveGatewayErrors: 2, consecutive5xxErrors: 0, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100 }
      `),
    ],
    steps: [
      { times: 12, behave: { only: 'v2', status: 500 }, expect: { status: { 500: 4, 200: 8 } } },
      { times: 12, behave: { only: 'v2', status: 502 }, expect: { status: { 502: 2, 200: 10 } } },
    ],
  },
  {
    title: 'outlier: a good answer between two errors starts the count again',
    doc: docs.destinationRule('OutlierDetection'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { consistentHash: { httpHeaderName: x-user } }
          outlierDetection: { consecutive5xxErrors: 2, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100 }
      `),
    ],
    steps: [
      { headers: { 'x-user': 'a' }, behave: { status: 500 }, expect: { status: 500 } },
      { headers: { 'x-user': 'a' }, expect: {} },
      { headers: { 'x-user': 'a' }, behave: { status: 500 }, expect: { status: 500 } },
      { headers: { 'x-user': 'a' }, times: 5, expect: { sticky: true } },
    ],
  },
  {
    title: 'tls: DISABLE where the service asks for mutual TLS is refused',
    doc: docs.destinationRule('ClientTLSSettings-TLSmode'),
    resources: [destinationRule('trafficPolicy: { tls: { mode: DISABLE } }')],
    steps: [{ expect: { status: 503, received: 0 } }],
  },
  {
    title: 'tls: ISTIO_MUTUAL as without saying so',
    doc: docs.destinationRule('ClientTLSSettings-TLSmode'),
    resources: [destinationRule('trafficPolicy: { tls: { mode: ISTIO_MUTUAL } }')],
    steps: [{ expect: {} }],
  },
  {
    title: 'workloadSelector: a rule for some of the callers',
    doc: docs.destinationRule('DestinationRule'),
    resources: [
      `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: $name, namespace: elsewhere }
spec:
  host: $host
  workloadSelector: { matchLabels: { app: other } }
  trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: x-user } } }
`,
    ],
    steps: [{ from: 'other', times: 12, headers: { 'x-user': 'jason' }, expect: { sticky: true } }],
  },
];

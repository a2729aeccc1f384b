/** DestinationRule: load balancers, hashing, subsets' and ports' own policies, pools, outliers. */
import { destinationRule, docs, resource, serviceEntry, virtualService } from '../documents.ts';
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
    steps: [{ times: 150, expect: { shares: third } }],
  },
  {
    title: 'balance: LEAST_REQUEST prefers whom fewer requests wait at',
    doc: simple,
    resources: [destinationRule('trafficPolicy: { loadBalancer: { simple: LEAST_REQUEST } }')],
    // Of two drawn at random the less busy is taken. Once v1 is the busiest it is taken only where both are v1, a ninth:
    // Binomial(120, 1/9) is 13 ± 3.4, five deviations; drawn evenly it would be 40.
    steps: [
      {
        times: 120,
        together: 12,
        behave: { only: 'v1', delayMs: 1000 },
        expect: { receivedBy: { v1: [0, 30] } },
      },
    ],
  },
  {
    title: 'hash: by a header; one value stays, many are spread',
    doc: hash,
    resources: [hashed('{ httpHeaderName: x-user }')],
    steps: [
      { times: 12, headers: { 'x-user': 'jason' }, expect: { versions: 1 } },
      { times: 12, headers: { 'x-user': 'mary' }, expect: { versions: 1 } },
    ],
  },
  {
    title: 'hash: by a cookie that the client brings',
    doc: docs.destinationRule('LoadBalancerSettings-ConsistentHashLB-HTTPCookie'),
    resources: [hashed('{ httpCookie: { name: user, ttl: 3600s } }')],
    steps: [
      {
        times: 12,
        headers: { cookie: 'a=b; user=jason' },
        expect: { versions: 1, headers: { 'set-cookie': null } },
      },
    ],
  },
  {
    title: 'hash: by a cookie that the proxy makes, with its ttl and path',
    doc: docs.destinationRule('LoadBalancerSettings-ConsistentHashLB-HTTPCookie'),
    resources: [hashed('{ httpCookie: { name: user, path: /shop, ttl: 60s } }')],
    steps: [{ expect: { headers: { 'set-cookie': /^user="?[^;]+; Max-Age=60; Path=\/shop; HttpOnly/ } } }],
  },
  {
    title: 'hash: by the source address',
    doc: hash,
    resources: [hashed('{ useSourceIp: true }')],
    steps: [{ times: 15, expect: { versions: 1 } }],
  },
  {
    title: 'hash: by a query parameter',
    doc: hash,
    resources: [hashed('{ httpQueryParameterName: user }')],
    steps: [
      { times: 12, url: 'http://$host/?user=jason', expect: { versions: 1 } },
      { times: 12, url: 'http://$host/a?b=c&user=mary', expect: { versions: 1 } },
    ],
  },
  {
    title: 'hash: Maglev',
    doc: hash,
    resources: [hashed('{ maglev: { tableSize: 251 }, httpHeaderName: x-user }')],
    steps: [{ times: 12, headers: { 'x-user': 'jason' }, expect: { versions: 1 } }],
  },
  {
    title: 'hash: a request without the header goes anywhere',
    doc: docs.envoy(
      'api-v3/config/route/v3/route_components.proto#envoy-v3-api-field-config-route-v3-routeaction-hash-policy',
    ),
    resources: [hashed('{ ringHash: { minimumRingSize: 64 }, httpHeaderName: x-user }')],
    steps: [{ times: 150, expect: { shares: third } }],
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
      { times: 12, url: 'http://$host/sticky', headers: { 'x-user': 'jason' }, expect: { versions: 1 } },
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
      { times: 12, headers: { 'x-user': 'jason' }, expect: { versions: 1 } },
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
        together: 6,
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
        together: 5,
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
      { times: 9, behave: { only: 'v1', status: 500 }, expect: { status: { 500: 3, 200: 6 } } },
      { times: 10, settles: true, expect: { receivedBy: { v1: 0, v2: 5, v3: 5 } } },
    ],
  },
  {
    title: 'outlier: outlierDetectionHttpErrorCodes count as 5xx do',
    doc: docs.destinationRule('OutlierDetection'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection:
            { consecutive5xxErrors: 4, outlierDetectionHttpErrorCodes: [429, 404], interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100 }
      `),
    ],
    steps: [
      { times: 12, behave: { only: 'v3', status: 403 }, expect: { status: { 403: 4, 200: 8 } } },
      { times: 6, behave: { only: 'v1', status: 429 }, expect: { status: { 429: 2, 200: 4 } } },
      { times: 6, behave: { only: 'v1', status: 500 }, expect: { status: { 500: 2, 200: 4 } } },
      { times: 10, settles: true, expect: { receivedBy: { v1: 0, v2: 5, v3: 5 } } },
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
      { times: 6, behave: { only: 'v2', status: 502 }, expect: { status: { 502: 2, 200: 4 } } },
      { times: 10, settles: true, expect: { receivedBy: { v1: 5, v2: 0, v3: 5 } } },
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
      { headers: { 'x-user': 'a' }, times: 5, expect: { versions: 1 } },
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
    steps: [{ from: 'other', times: 12, headers: { 'x-user': 'jason' }, expect: { versions: 1 } }],
  },
  {
    title: 'outlier: all are ejected: nobody is left',
    doc: docs.destinationRule('OutlierDetection'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection:
            { consecutive5xxErrors: 1, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100, minHealthPercent: 0 }
      `),
    ],
    steps: [
      { times: 3, behave: { status: 500 }, expect: { status: 500, receivedBy: { v1: 1, v2: 1, v3: 1 } } },
      { times: 5, settles: true, expect: { status: 503, received: 0, flags: 'UH' } },
    ],
  },
  {
    title: 'outlier: fewer healthy ones than minHealthPercent: all are asked again',
    doc: docs.destinationRule('OutlierDetection'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection:
            { consecutive5xxErrors: 1, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100, minHealthPercent: 50 }
      `),
    ],
    steps: [
      { times: 6, behave: { status: 500 }, expect: { status: 500 } },
      { times: 9, expect: { status: 200 } },
    ],
  },
  {
    title: 'outlier: maxEjectionPercent keeps the rest in, by default all but 10 %, at least one is ejected',
    doc: docs.envoy('intro/arch_overview/upstream/outlier#ejection-algorithm'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection: { consecutive5xxErrors: 1, interval: 60s, baseEjectionTime: 60s, minHealthPercent: 0 }
      `),
    ],
    steps: [
      // The first is ejected; then a third of them are out, which is more than a tenth.
      { behave: { status: 500 }, expect: { status: 500 } },
      { times: 6, behave: { status: 500 }, expect: { status: 500 } },
      { times: 10, settles: true, expect: { status: 200, versions: 2 } },
    ],
  },
  {
    title: 'outlier: refused connections eject, told apart from answers',
    doc: docs.destinationRule('OutlierDetection'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 80, name: http, protocol: HTTP }]
        endpoints:
        - { address: 127.0.0.1, ports: { http: $http } }
        - { address: 127.0.0.1, ports: { http: $port } }
      `),
      destinationRule(`
        host: $outside
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection:
            { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 1, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100 }
      `),
      virtualService(`
        hosts: [$outside]
        http:
        - retries: { attempts: 0 }
          route: [{ destination: { host: $outside } }]
      `),
    ],
    steps: [
      { url: 'http://$outside/', times: 2, expect: { status: { 200: 1, 503: 1 } } },
      { url: 'http://$outside/', times: 10, settles: true, expect: { status: 200, version: 'out1' } },
    ],
  },
  {
    title: 'pool: maxRetries holds over all requests to the service',
    doc: docs.destinationRule('ConnectionPoolSettings-HTTPSettings'),
    resources: [
      destinationRule('trafficPolicy: { connectionPool: { http: { maxRetries: 1 } } }'),
      virtualService(`
        http:
        - retries: { attempts: 1, retryOn: 5xx }
          route: [{ destination: { host: $host } }]
      `),
    ],
    // All first attempts fail at about the same time; one of ten may be tried again at a time.
    steps: [
      {
        times: 10,
        together: 10,
        behave: { status: 500, delayMs: 500 },
        expect: { status: 500, received: [11, 13] },
      },
    ],
  },
  {
    title: 'pool: retryBudget: a share of the requests under way, and a least number',
    doc: docs.destinationRule('TrafficPolicy-RetryBudget'),
    resources: [
      destinationRule('trafficPolicy: { retryBudget: { percent: 20, minRetryConcurrency: 1 } }'),
      virtualService(`
        http:
        - retries: { attempts: 3, retryOn: 5xx }
          route: [{ destination: { host: $host } }]
      `),
    ],
    // 20 under way allow 4; those that are tried again allow one more each time: 20 + 4 × 3 at most.
    steps: [
      {
        times: 20,
        together: 20,
        behave: { status: 500, delayMs: 500 },
        expect: { status: 500, received: [21, 32] },
      },
    ],
  },
  {
    title: 'balance: warmup: a new instance gets less at first',
    doc: docs.destinationRule('LoadBalancerSettings'),
    resources: [
      destinationRule(`
        trafficPolicy: { loadBalancer: { simple: ROUND_ROBIN, warmup: { duration: 60s } } }
      `),
    ],
    // All of them are new: none is ahead of another.
    steps: [{ times: 60, expect: { shares: third } }],
  },
  {
    title: 'health: an endpoint that does not answer checks is not asked',
    doc: docs.envoy('intro/arch_overview/upstream/health_checking'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 80, name: http, protocol: HTTP }]
        endpoints:
        - { address: 127.0.0.1, ports: { http: $http } }
        - { address: 127.0.0.1, ports: { http: $port } }
      `),
      resource(
        'tulle.dev/v1alpha1',
        'HealthCheckPolicy',
        'host: $outside\nhttp: { path: /health }\ninterval: 1s\ntimeout: 5s\nunhealthyThreshold: 1',
      ),
      virtualService(`
        hosts: [$outside]
        http:
        - retries: { attempts: 0 }
          route: [{ destination: { host: $outside } }]
      `),
    ],
    steps: [{ url: 'http://$outside/', times: 10, settles: true, expect: { status: 200, version: 'out1' } }],
  },
];

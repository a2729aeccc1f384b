/** Other ways to say what other rows say: patterns of every kind, deprecated fields, ports, attributes. */
import {
  destinationRule,
  docs,
  edge,
  resource,
  serviceEntry,
  subsets,
  virtualService,
} from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const to = (version: string): string => `route: [{ destination: { host: $host, subset: ${version} } }]`;
const all = 'route: [{ destination: { host: $host } }]';
const outside = (endpoints: string): string =>
  serviceEntry(`
    location: MESH_EXTERNAL
    resolution: STATIC
    ports: [{ number: 80, name: http, protocol: HTTP }]
    endpoints: ${endpoints}
  `);

export const forms: readonly Scenario[] = [
  {
    title: 'match: patterns of scheme, method, authority and withoutHeaders; a name is for statistics alone',
    doc: docs.virtualService('HTTPMatchRequest'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - match:
          - { uri: { prefix: /scheme }, scheme: { prefix: https } }
          - { uri: { prefix: /scheme }, scheme: { regex: "https|ftp" } }
          ${to('v3')}
        - match:
          - { name: one, uri: { prefix: /scheme }, scheme: { regex: "htt.?" }, method: { prefix: PA } }
          - { uri: { prefix: /host }, authority: { exact: $host } }
          - { uri: { prefix: /host }, authority: { regex: "$name\\\\.traffic" } }
          - { uri: { prefix: /without }, scheme: { prefix: ht }, withoutHeaders: { a: { regex: "x+" } } }
          ${to('v2')}
        - ${to('v1')}
      `),
    ],
    steps: [
      { url: 'http://$host/scheme', method: 'PATCH', expect: { version: 'v2' } },
      { url: 'http://$host/scheme', method: 'PUT', expect: { version: 'v1' } },
      { url: 'http://$host/host', expect: { version: 'v2' } },
      { url: 'http://$name.traffic/host', expect: { version: 'v2' } },
      { url: 'http://$name/host', expect: { version: 'v1' } },
      { url: 'http://$host/without', headers: { a: 'xx' }, expect: { version: 'v1' } },
      { url: 'http://$host/without', headers: { a: 'xy' }, expect: { version: 'v2' } },
    ],
  },
  {
    title: 'redirect: prefixRewrite replaces what matched',
    doc: docs.virtualService('HTTPRedirect'),
    resources: [
      virtualService(`
        http:
        - match: [{ uri: { prefix: /old } }]
          redirect: { prefixRewrite: /new, redirectCode: 302 }
        - ${all}
      `),
    ],
    steps: [
      {
        url: 'http://$host/old/x?y=z',
        expect: { status: 302, headers: { location: 'http://$host/new/x?y=z' } },
      },
    ],
  },
  {
    title: 'fault: percent is the old name of a delay’s percentage',
    doc: docs.virtualService('HTTPFaultInjection-Delay'),
    resources: [
      virtualService(`
        http:
        - fault: { delay: { fixedDelay: 0.3s, percent: 100 } }
          ${all}
      `),
    ],
    steps: [{ expect: { atLeastMs: 290, flags: 'DI' } }],
  },
  {
    title: 'mirrorPercent is the old name of mirrorPercentage; a mirror’s own port',
    doc: docs.virtualService('HTTPRoute'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /none } }]
          ${to('v1')}
          mirror: { host: $host, subset: v2, port: { number: 81 } }
          mirrorPercent: 0
        - match: [{ uri: { prefix: /old } }]
          ${to('v1')}
          mirror: { host: $host, subset: v2, port: { number: 81 } }
          mirror_percent: 0
        - ${to('v1')}
          mirror: { host: $host, subset: v2, port: { number: 81 } }
          mirrorPercent: 100
      `),
    ],
    steps: [
      { times: 5, expect: { receivedBy: { v1: 5, v2: 5 }, seenBy: { v2: { ':version': '2.0' } } } },
      { url: 'http://$host/none', times: 5, expect: { receivedBy: { v1: 5 }, received: 5 } },
      { url: 'http://$host/old', times: 5, expect: { receivedBy: { v1: 5 }, received: 5 } },
    ],
  },
  {
    title: 'cors: allowOrigin is the old name of exact allowOrigins',
    doc: docs.virtualService('CorsPolicy'),
    resources: [
      virtualService(`
        http:
        - corsPolicy: { allowOrigin: [https://example.com] }
          ${all}
      `),
    ],
    steps: [
      {
        headers: { origin: 'https://example.com' },
        expect: { headers: { 'access-control-allow-origin': 'https://example.com' } },
      },
      {
        headers: { origin: 'https://a.example.com' },
        expect: { headers: { 'access-control-allow-origin': null } },
      },
    ],
  },
  {
    title: 'headers: a destination removes fields of its answers',
    doc: docs.virtualService('HTTPRouteDestination'),
    resources: [
      virtualService(`
        http:
        - route:
          - destination: { host: $host }
            headers: { response: { remove: [x-inner], set: { x-outer: "yes" } } }
      `),
    ],
    steps: [
      {
        behave: { fields: { 'x-inner': 'secret' } },
        expect: { headers: { 'x-inner': null, 'x-outer': 'yes' } },
      },
    ],
  },
  {
    title: 'hash: a made cookie has the attributes that it shall have',
    doc: docs.destinationRule('LoadBalancerSettings-ConsistentHashLB-HTTPCookie'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer:
            consistentHash:
              httpCookie: { name: user, ttl: 60s, attributes: [{ name: SameSite, value: Strict }, { name: Secure }] }
      `),
    ],
    steps: [{ expect: { headers: { 'set-cookie': /user=.*Max-Age=60.*SameSite=Strict.*Secure/ } } }],
  },
  {
    title: 'pool: maxConcurrentStreams of a connection; one more needs another connection',
    doc: docs.destinationRule('ConnectionPoolSettings-HTTPSettings'),
    resources: [
      outside('[{ address: 127.0.0.1, ports: { http: $h2c } }]'),
      destinationRule(`
        host: $outside
        trafficPolicy: { connectionPool: { http: { h2UpgradePolicy: UPGRADE, maxConcurrentStreams: 1 } } }
      `),
    ],
    steps: [
      {
        url: 'http://$outside/',
        times: 3,
        together: 3,
        behave: { delayMs: 500 },
        expect: { connections: 3, seen: { ':version': '2.0' } },
      },
    ],
  },
  {
    title: 'pool: idleTimeout closes connections that nobody uses',
    doc: docs.destinationRule('ConnectionPoolSettings-HTTPSettings'),
    resources: [
      outside('[{ address: 127.0.0.1, ports: { http: $http } }]'),
      destinationRule(`
        host: $outside
        trafficPolicy: { connectionPool: { http: { idleTimeout: 0.2s } } }
      `),
    ],
    steps: [{ url: 'http://$outside/', times: 3, pauseMs: 600, expect: { connections: 3 } }],
  },
  {
    title: 'outlier: who was ejected comes back after baseEjectionTime',
    doc: docs.destinationRule('OutlierDetection'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection: { consecutive5xxErrors: 1, interval: 0.5s, baseEjectionTime: 1s, maxEjectionPercent: 100 }
      `),
    ],
    steps: [
      { times: 3, behave: { only: 'v1', status: 500 }, expect: { status: { 200: 2, 500: 1 } } },
      { times: 9, settles: true, expect: { receivedBy: { v1: 3, v2: 3, v3: 3 } } },
    ],
  },
  {
    title: 'outlier: consecutiveErrors is the old name of consecutive5xxErrors',
    doc: docs.destinationRule('OutlierDetection'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection: { consecutiveErrors: 2, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100 }
      `),
    ],
    steps: [
      { times: 6, behave: { only: 'v2', status: 502 }, expect: { status: { 200: 4, 502: 2 } } },
      { times: 10, settles: true, expect: { receivedBy: { v1: 5, v2: 0, v3: 5 } } },
    ],
  },
  {
    title: 'tls origination: by a gateway, with certificate and roots of a Secret',
    doc: docs.task('egress/egress-gateway-tls-origination'),
    resources: [
      edge,
      outside('[{ address: 127.0.0.1, ports: { http: $https } }]'),
      destinationRule(`
        host: $outside
        trafficPolicy: { tls: { mode: MUTUAL, credentialName: edge-mutual, sni: $outside } }
      `),
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - route: [{ destination: { host: $outside, port: { number: 80 } } }]
      `),
    ],
    steps: [
      {
        from: 'gateway',
        url: 'http://$edge/',
        expect: { version: 'out1', seen: { ':sni': '$outside edge' } },
      },
    ],
  },
  {
    title: 'entry: WorkloadEntries share by weight, and have a locality and an account',
    doc: docs.workloadEntry('WorkloadEntry'),
    resources: [
      ...(['http', 'http2nd'] as const).map((port, at) =>
        resource(
          'networking.istio.io/v1',
          'WorkloadEntry',
          `address: 127.0.0.1\nports: { http: $${port} }\nlabels: { app: $name }\nserviceAccount: default\nlocality: west/a\nweight: ${at === 0 ? 3 : 1}`,
          `$name-${at}`,
        ),
      ),
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 80, name: http, protocol: HTTP }]
        workloadSelector: { labels: { app: $name } }
      `),
      destinationRule('host: $outside\ntrafficPolicy: { loadBalancer: { simple: ROUND_ROBIN } }'),
    ],
    steps: [{ url: 'http://$outside/', times: 160, expect: { shares: { out1: 0.75, out2: 0.25 } } }],
  },
];

/** Gateway: hosts, ports, and which VirtualServices it takes. */
import {
  destinationRule,
  docs,
  edge,
  gateway,
  outsideApplication,
  subsets,
  toHttp,
  virtualService,
} from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const httpPort = '{ number: 80, name: http, protocol: HTTP }';
const doc = docs.gateway('Server');

/** All of `$edge` to v1. */
const bound = virtualService(`
  hosts: [$edge]
  gateways: [$name]
  http:
  - ${toHttp('v1')}
`);

export const gateways: readonly Scenario[] = [
  {
    title: 'gateway: a host that it serves, with the rules bound to it; other hosts are 404',
    doc: docs.task('ingress/ingress-control'),
    resources: [
      subsets(),
      edge,
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - match: [{ uri: { prefix: /status } }, { uri: { prefix: /delay } }]
          ${toHttp('v2')}
      `),
    ],
    steps: [
      {
        from: 'gateway',
        url: 'http://$edge/status/200',
        expect: { version: 'v2', seen: { ':authority': '$edge' } },
      },
      { from: 'gateway', url: 'http://$edge/headers', expect: { status: 404, flags: 'NR' } },
      { from: 'gateway', url: 'http://none.edge.test/status/200', expect: { status: 404, flags: 'NR' } },
    ],
  },
  {
    title: 'gateway: a VirtualService that does not name it is none of its rules',
    doc: docs.virtualService('VirtualService'),
    resources: [
      subsets(),
      edge,
      virtualService(`
        hosts: [$edge]
        http:
        - ${toHttp('v1')}
      `),
    ],
    steps: [{ from: 'gateway', url: 'http://$edge/', expect: { status: 404, received: 0 } }],
  },
  {
    title: 'gateway: a wildcard of the server, hosts of VirtualServices below it',
    doc,
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: ${httpPort}
          hosts: ["*.$edge"]
      `),
      virtualService(`
        hosts: [a.$edge]
        gateways: [$name]
        http:
        - ${toHttp('v1')}
      `),
      virtualService(
        `
        hosts: ["*.$edge"]
        gateways: [$name]
        http:
        - ${toHttp('v2')}
      `,
        '$name-all',
      ),
    ],
    steps: [
      { from: 'gateway', url: 'http://a.$edge/', expect: { version: 'v1' } },
      { from: 'gateway', url: 'http://b.$edge/', expect: { version: 'v2' } },
      { from: 'gateway', url: 'http://$edge/', expect: { status: 404 } },
    ],
  },
  {
    title: 'gateway: hosts of VirtualServices in one namespace only',
    doc,
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: ${httpPort}
          hosts: [elsewhere/a.$edge, ./b.$edge]
      `),
      ...['a', 'b'].flatMap((host) =>
        ['traffic', 'elsewhere'].map(
          (namespace) => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: $name-${host}, namespace: ${namespace} }
spec:
  hosts: [${host}.$edge]
  gateways: [traffic/$name]
  http:
  - ${toHttp(namespace === 'traffic' ? 'v1' : 'v2')}
`,
        ),
      ),
    ],
    steps: [
      { from: 'gateway', url: 'http://a.$edge/', expect: { version: 'v2' } },
      { from: 'gateway', url: 'http://b.$edge/', expect: { version: 'v1' } },
    ],
  },
  {
    title: 'gateway: rules for sidecars and a gateway at once, and one for the gateway alone',
    doc: docs.virtualService('HTTPMatchRequest'),
    resources: [
      subsets(),
      edge,
      virtualService(`
        hosts: [$edge, $host]
        gateways: [$name, mesh]
        http:
        - match: [{ gateways: [$name], uri: { prefix: /a } }]
          ${toHttp('v2')}
        - ${toHttp('v1')}
      `),
    ],
    steps: [
      { from: 'gateway', url: 'http://$edge/a', expect: { version: 'v2' } },
      { from: 'gateway', url: 'http://$edge/b', expect: { version: 'v1' } },
      { url: 'http://$host/a', expect: { version: 'v1' } },
    ],
  },
  {
    title: 'gateway: VirtualServices of one host are one table, the older one’s rules first',
    doc: docs.ops('best-practices/traffic-management/#split-virtual-services'),
    resources: [
      subsets(),
      edge,
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - match: [{ uri: { prefix: /a } }]
          ${toHttp('v1')}
      `),
      virtualService(
        `
        hosts: [$edge]
        gateways: [$name]
        http:
        - match: [{ uri: { prefix: /b } }]
          ${toHttp('v2')}
      `,
        '$name-second',
      ),
    ],
    steps: [
      { from: 'gateway', url: 'http://$edge/a', expect: { version: 'v1' } },
      { from: 'gateway', url: 'http://$edge/b', expect: { version: 'v2' } },
      { from: 'gateway', url: 'http://$edge/c', expect: { status: 404 } },
    ],
  },
  {
    title: 'gateway: a selector must name all its labels; what is for another gateway is not served here',
    doc: docs.gateway('Gateway'),
    resources: [
      subsets(),
      ...[
        ['ours', '{ istio: ingressgateway, app: istio-ingressgateway }'],
        ['other', '{ istio: egressgateway }'],
        ['half', '{ istio: ingressgateway, app: another }'],
      ].map(([name, selector]) =>
        gateway(
          `
          selector: ${selector}
          servers:
          - port: ${httpPort}
            hosts: [${name}.$edge]
        `,
          `$name-${name}`,
        ),
      ),
      virtualService(`
        hosts: ["*.$edge"]
        gateways: [$name-ours, $name-other, $name-half]
        http:
        - ${toHttp('v1')}
      `),
    ],
    steps: [
      { from: 'gateway', url: 'http://ours.$edge/', expect: { version: 'v1' } },
      ...['other', 'half'].map((name) => ({
        from: 'gateway' as const,
        url: `http://${name}.$edge/`,
        expect: { status: 404, received: 0 },
      })),
    ],
  },
  {
    title: 'gateway: two share a port, each with its own hosts and rules',
    doc,
    resources: [
      subsets(),
      ...['a', 'b'].flatMap((name) => [
        gateway(
          `
          servers:
          - port: ${httpPort}
            hosts: [${name}.$edge]
        `,
          `$name-${name}`,
        ),
      ]),
      virtualService(`
        hosts: [a.$edge, b.$edge]
        gateways: [$name-a]
        http:
        - ${toHttp('v1')}
      `),
    ],
    steps: [
      { from: 'gateway', url: 'http://a.$edge/', expect: { version: 'v1' } },
      { from: 'gateway', url: 'http://b.$edge/', expect: { status: 404 } },
    ],
  },
  {
    title: 'gateway: httpsRedirect',
    doc: docs.gateway('ServerTLSSettings'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: ${httpPort}
          hosts: [$edge]
          tls: { httpsRedirect: true }
      `),
      bound,
    ],
    steps: [
      {
        from: 'gateway',
        url: 'http://$edge/a?b=c',
        expect: { status: 301, received: 0, headers: { location: /^https:\/\/$edge(:\d+)?\/a\?b=c$/ } },
      },
    ],
  },
  {
    title: 'gateway: gRPC and WebSockets pass',
    doc: docs.gateway('Port'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: $port, name: grpc, protocol: GRPC }
          hosts: [$edge]
        - port: ${httpPort}
          hosts: [$edge]
      `),
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - match: [{ uri: { prefix: /test.Echo/ } }]
          route: [{ destination: { host: $host, port: { number: 82 }, subset: v2 } }]
        - route: [{ destination: { host: $host, port: { number: 80 }, subset: v1 } }]
      `),
    ],
    steps: [
      {
        kind: 'grpc',
        from: 'gateway',
        port: '$port',
        url: 'http://$edge/test.Echo/Unary',
        expect: { grpcStatus: 0, version: 'v2' },
      },
      {
        kind: 'websocket',
        from: 'gateway',
        url: 'http://$edge/',
        body: 'hello',
        expect: { status: 101, version: 'v1', body: 'hello' },
      },
    ],
  },
  {
    title: 'gateway: policies of routes hold there: time-out, retries, weights',
    doc: docs.virtualService('HTTPRoute'),
    resources: [
      subsets(),
      edge,
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - match: [{ uri: { prefix: /slow } }]
          timeout: 0.3s
          ${toHttp('v1')}
        - match: [{ uri: { prefix: /again } }]
          retries: { attempts: 2, retryOn: 5xx }
          ${toHttp('v1')}
        - route:
          - { destination: { host: $host, subset: v2 }, weight: 60 }
          - { destination: { host: $host, subset: v3 }, weight: 40 }
      `),
    ],
    steps: [
      {
        from: 'gateway',
        url: 'http://$edge/slow',
        behave: { delayMs: 2000 },
        expect: { status: 504, flags: 'UT', atLeastMs: 290 },
      },
      {
        from: 'gateway',
        url: 'http://$edge/again',
        behave: { status: 500, first: 2 },
        expect: { received: 3 },
      },
      { from: 'gateway', url: 'http://$edge/', times: 150, expect: { shares: { v2: 0.6, v3: 0.4 } } },
    ],
  },
  {
    title: 'gateway: the way out of the mesh',
    doc: docs.task('egress/egress-gateway'),
    resources: [
      outsideApplication(),
      gateway(`
        servers:
        - port: ${httpPort}
          hosts: [$outside]
      `),
      virtualService(`
        hosts: [$outside]
        gateways: [$name, mesh]
        http:
        - match: [{ gateways: [mesh], port: 80 }]
          headers: { request: { set: { x-way: sidecar } } }
          route: [{ destination: { host: ingressgateway.tulle-system.svc.cluster.local, port: { number: 80 } } }]
        - match: [{ gateways: [$name], port: 80 }]
          headers: { request: { add: { x-way: gateway } } }
          route: [{ destination: { host: $outside, port: { number: 80 } } }]
      `),
    ],
    steps: [
      {
        url: 'http://$outside/a',
        expect: {
          version: 'out1',
          received: 1,
          seen: { 'x-way': /^sidecar, ?gateway$/, ':authority': '$outside' },
        },
      },
    ],
  },
  {
    title: 'gateway: faults, CORS and direct answers hold there',
    doc: docs.virtualService('HTTPRoute'),
    resources: [
      subsets(),
      edge,
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - match: [{ uri: { prefix: /fault } }]
          fault: { abort: { httpStatus: 429, percentage: { value: 100 } } }
          ${toHttp('v1')}
        - match: [{ uri: { prefix: /direct } }]
          directResponse: { status: 200, body: { string: hello } }
        - corsPolicy: { allowOrigins: [{ exact: https://example.com }], allowMethods: [PUT] }
          ${toHttp('v1')}
      `),
    ],
    steps: [
      { from: 'gateway', url: 'http://$edge/fault', expect: { status: 429, flags: 'FI', received: 0 } },
      { from: 'gateway', url: 'http://$edge/direct', expect: { body: 'hello', received: 0 } },
      {
        from: 'gateway',
        url: 'http://$edge/',
        method: 'OPTIONS',
        headers: { origin: 'https://example.com', 'access-control-request-method': 'PUT' },
        expect: { received: 0, headers: { 'access-control-allow-methods': 'PUT' } },
      },
    ],
  },
  {
    title:
      'gateway: the application learns the client’s address and host; what a client claims of itself is appended to',
    doc: docs.ops('configuration/traffic-management/network-topologies/'),
    resources: [subsets(), edge, bound],
    steps: [
      {
        from: 'gateway',
        url: 'http://$edge/',
        headers: { 'x-envoy-internal': 'true', 'x-envoy-upstream-rq-timeout-ms': '1' },
        expect: {
          version: 'v1',
          seen: {
            'x-forwarded-for': /^[0-9.]+$/,
            'x-forwarded-proto': 'http',
            'x-request-id': /^[0-9a-f-]{36}$/,
          },
        },
      },
    ],
  },
  {
    title: 'gateway: consistent hashing of the destination holds there',
    doc: docs.destinationRule('LoadBalancerSettings-ConsistentHashLB'),
    resources: [
      edge,
      destinationRule('trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: x-user } } }'),
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - route: [{ destination: { host: $host, port: { number: 80 } } }]
      `),
    ],
    steps: [
      {
        from: 'gateway',
        url: 'http://$edge/',
        headers: { 'x-user': 'jason' },
        times: 12,
        expect: { versions: 1 },
      },
    ],
  },
];

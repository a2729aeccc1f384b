/** Gateway: hosts, ports, TLS modes, and which VirtualServices it takes. */
import { destinationRule, docs, edge, gateway, subsets, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const to = (version: string): string =>
  `route: [{ destination: { host: $host, port: { number: 80 }, subset: ${version} } }]`;
const httpPort = '{ number: 80, name: http, protocol: HTTP }';
const httpsPort = '{ number: 443, name: https, protocol: HTTPS }';
const tlsMode = docs.gateway('ServerTLSSettings-TLSmode');
const doc = docs.gateway('Server');

/** All of `$edge` to v1. */
const bound = virtualService(`
  hosts: [$edge]
  gateways: [$name]
  http:
  - ${to('v1')}
`);

const https = (tls: string): string =>
  gateway(`
    servers:
    - port: ${httpsPort}
      hosts: [$edge]
      tls: ${tls}
  `);

/** A server of its own port, for bytes. */
const ownPort = (protocol: string, tls = ''): string =>
  gateway(`
    servers:
    - port: { number: $port, name: own, protocol: ${protocol} }
      hosts: ["*"]
      ${tls}
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
          ${to('v2')}
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
        - ${to('v1')}
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
        - ${to('v1')}
      `),
      virtualService(
        `
        hosts: ["*.$edge"]
        gateways: [$name]
        http:
        - ${to('v2')}
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
  - ${to(namespace === 'traffic' ? 'v1' : 'v2')}
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
          ${to('v2')}
        - ${to('v1')}
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
          ${to('v1')}
      `),
      virtualService(
        `
        hosts: [$edge]
        gateways: [$name]
        http:
        - match: [{ uri: { prefix: /b } }]
          ${to('v2')}
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
        - ${to('v1')}
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
    title: 'gateway: TLS SIMPLE with a Secret’s certificate; the application learns that it was https',
    doc: docs.task('ingress/secure-ingress'),
    resources: [subsets(), https('{ mode: SIMPLE, credentialName: edge }'), bound],
    steps: [
      {
        from: 'gateway',
        url: 'https://$edge/',
        expect: { version: 'v1', seen: { 'x-forwarded-proto': 'https', ':authority': '$edge' } },
      },
      { from: 'gateway', kind: 'http2', url: 'https://$edge/', expect: { version: 'v1' } },
    ],
  },
  {
    title: 'gateway: TLS MUTUAL wants a client’s certificate of its roots',
    doc: tlsMode,
    resources: [subsets(), https('{ mode: MUTUAL, credentialName: edge-mutual }'), bound],
    steps: [
      { from: 'gateway', url: 'https://$edge/', certificate: 'visitor', expect: { version: 'v1' } },
      { from: 'gateway', url: 'https://$edge/', expect: { refused: true, received: 0 } },
      {
        from: 'gateway',
        url: 'https://$edge/',
        certificate: 'stranger',
        expect: { refused: true, received: 0 },
      },
    ],
  },
  {
    title: 'gateway: TLS OPTIONAL_MUTUAL takes clients without a certificate, but no wrong one',
    doc: tlsMode,
    resources: [subsets(), https('{ mode: OPTIONAL_MUTUAL, credentialName: edge-mutual }'), bound],
    steps: [
      { from: 'gateway', url: 'https://$edge/', certificate: 'visitor', expect: { version: 'v1' } },
      { from: 'gateway', url: 'https://$edge/', expect: { version: 'v1' } },
      {
        from: 'gateway',
        url: 'https://$edge/',
        certificate: 'stranger',
        expect: { refused: true, received: 0 },
      },
    ],
  },
  {
    title: 'gateway: TLS PASSTHROUGH is routed by server name and not opened',
    doc: docs.task('ingress/ingress-sni-passthrough'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: $port, name: tls, protocol: TLS }
          hosts: [$edge, other-$name.edge.test]
          tls: { mode: PASSTHROUGH }
      `),
      virtualService(`
        hosts: [$edge, other-$name.edge.test]
        gateways: [$name]
        tls:
        - match: [{ sniHosts: [$edge] }]
          route: [{ destination: { host: $host, port: { number: 84 }, subset: v2 } }]
        - match: [{ sniHosts: [other-$name.edge.test] }]
          route: [{ destination: { host: $host, port: { number: 84 }, subset: v3 } }]
      `),
    ],
    steps: [
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        expect: { version: 'v2', sni: '$edge', certificate: 'outside' },
      },
      { kind: 'tls', from: 'gateway', to: ':$port', sni: 'other-$name.edge.test', expect: { version: 'v3' } },
      { kind: 'tls', from: 'gateway', to: ':$port', sni: 'unknown.test', expect: { refused: true } },
    ],
  },
  {
    title: 'gateway: a port for bytes',
    doc: docs.virtualService('TCPRoute'),
    resources: [
      subsets(),
      ownPort('TCP'),
      virtualService(`
        hosts: ["*"]
        gateways: [$name]
        tcp:
        - match: [{ port: $port }]
          route:
          - { destination: { host: $host, port: { number: 83 }, subset: v1 }, weight: 50 }
          - { destination: { host: $host, port: { number: 83 }, subset: v2 }, weight: 50 }
      `),
    ],
    steps: [
      { kind: 'tcp', from: 'gateway', to: ':$port', times: 80, expect: { shares: { v1: 0.5, v2: 0.5 } } },
    ],
  },
  {
    title: 'gateway: TLS is terminated, then bytes are routed',
    doc: docs.gateway('Port'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: $port, name: tls, protocol: TLS }
          hosts: [$edge]
          tls: { mode: SIMPLE, credentialName: edge }
      `),
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        tcp:
        - route: [{ destination: { host: $host, port: { number: 83 }, subset: v3 } }]
      `),
    ],
    steps: [
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        expect: { version: 'v3', certificate: 'edge', line: /^v3 hello$/ },
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
          ${to('v1')}
        - match: [{ uri: { prefix: /again } }]
          retries: { attempts: 2, retryOn: 5xx }
          ${to('v1')}
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
    title: 'gateway: a request for a host that the connection’s server name is not for is misdirected',
    doc: 'https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20',
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: ${httpsPort}
          hosts: [$edge]
          tls: { mode: SIMPLE, credentialName: edge }
        - port: { number: 443, name: https-2, protocol: HTTPS }
          hosts: [second-$name.edge.test]
          tls: { mode: SIMPLE, credentialName: edge }
      `),
      virtualService(`
        hosts: [$edge, second-$name.edge.test]
        gateways: [$name]
        http:
        - ${to('v1')}
      `),
    ],
    steps: [
      { from: 'gateway', url: 'https://$edge/', expect: { version: 'v1' } },
      { from: 'gateway', url: 'https://second-$name.edge.test/', expect: { version: 'v1' } },
      {
        kind: 'http2',
        from: 'gateway',
        url: 'https://$edge/',
        headers: { ':authority': 'second-$name.edge.test' },
        expect: { status: 421, received: 0 },
      },
    ],
    differs: {
      engine: 'envoy',
      because: 'Envoy knows no other hosts than those of the connection’s filter chain',
      steps: [
        {
          kind: 'http2',
          from: 'gateway',
          url: 'https://$edge/',
          headers: { ':authority': 'second-$name.edge.test' },
          expect: { status: 404, received: 0 },
        },
      ],
    },
  },
  {
    title: 'gateway: the way out of the mesh',
    doc: docs.task('egress/egress-gateway'),
    resources: [
      `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: $name }
spec:
  hosts: [$outside]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{ number: 80, name: http, protocol: HTTP, targetPort: $http }]
  endpoints: [{ address: 127.0.0.1 }]
`,
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
    title: 'gateway: two certificates, chosen by server name',
    doc: docs.task('ingress/secure-ingress'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: $port, name: https-edge, protocol: HTTPS }
          hosts: [$edge]
          tls: { mode: SIMPLE, credentialName: edge }
        - port: { number: $port, name: https-shop, protocol: HTTPS }
          hosts: [$name.shop.test]
          tls: { mode: SIMPLE, credentialName: shop }
      `),
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - ${to('v1')}
      `),
      virtualService(
        `
        hosts: [$name.shop.test]
        gateways: [$name]
        http:
        - ${to('v2')}
      `,
        '$name-shop',
      ),
    ],
    steps: [
      { from: 'gateway', port: '$port', url: 'https://$edge/', expect: { version: 'v1' } },
      { from: 'gateway', port: '$port', url: 'https://$name.shop.test/', expect: { version: 'v2' } },
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
          ${to('v1')}
        - match: [{ uri: { prefix: /direct } }]
          directResponse: { status: 200, body: { string: hello } }
        - corsPolicy: { allowOrigins: [{ exact: https://example.com }], allowMethods: [PUT] }
          ${to('v1')}
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
    title: 'gateway: AUTO_PASSTHROUGH leads by a name of the mesh, and opens nothing',
    doc: tlsMode,
    resources: [
      gateway(`
        servers:
        - port: { number: $port, name: tls, protocol: TLS }
          hosts: ["*.traffic.svc.cluster.local"]
          tls: { mode: AUTO_PASSTHROUGH }
      `),
    ],
    // The other end is a sidecar that asks for a certificate of the mesh.
    steps: [
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: 'outbound_.83_._.$host',
        expect: { refused: true },
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
  {
    title: 'gateway: TLS routes share by weight',
    doc: docs.virtualService('RouteDestination'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: $port, name: tls, protocol: TLS }
          hosts: [$edge]
          tls: { mode: PASSTHROUGH }
      `),
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        tls:
        - match: [{ sniHosts: [$edge] }]
          route:
          - { destination: { host: $host, port: { number: 84 }, subset: v1 }, weight: 30 }
          - { destination: { host: $host, port: { number: 84 }, subset: v2 }, weight: 70 }
      `),
    ],
    steps: [
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        times: 80,
        expect: { shares: { v1: 0.3, v2: 0.7 } },
      },
    ],
  },
];

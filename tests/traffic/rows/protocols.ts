/** HTTP/2, gRPC, WebSockets; bytes and TLS by server name. */
import { destinationRule, docs, serviceEntry, subsets, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const to = (version: string): string => `route: [{ destination: { host: $host, subset: ${version} } }]`;

export const protocols: readonly Scenario[] = [
  {
    title: 'http2: routed by path and header as HTTP/1.1 is, and stays what it is',
    doc: docs.ops('configuration/traffic-management/protocol-selection/'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /a }, headers: { b: { exact: c } } }]
          ${to('v2')}
        - ${to('v1')}
      `),
    ],
    steps: [
      {
        kind: 'http2',
        url: 'http://$host:81/a',
        headers: { b: 'c' },
        expect: { version: 'v2', seen: { ':version': '2.0', ':authority': '$host:81' } },
      },
      { kind: 'http2', url: 'http://$host:81/a', expect: { version: 'v1' } },
    ],
  },
  {
    title: 'http2: an application of HTTP/1.1 is asked in its own',
    doc: docs.ops('configuration/traffic-management/protocol-selection/'),
    resources: [],
    steps: [{ kind: 'http2', url: 'http://$host/', expect: { seen: { ':version': '1.1' } } }],
  },
  {
    title: 'grpc: routed by service, method and metadata',
    doc: docs.virtualService('HTTPMatchRequest'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - match: [{ uri: { exact: /test.Echo/Unary }, headers: { tenant: { exact: gold } } }]
          ${to('v3')}
        - match: [{ uri: { prefix: /test.Echo/ } }]
          ${to('v2')}
        - ${to('v1')}
      `),
    ],
    steps: [
      {
        kind: 'grpc',
        url: 'http://$host:82/test.Echo/Unary',
        headers: { tenant: 'gold' },
        expect: { grpcStatus: 0, version: 'v3', seen: { ':version': '2.0' } },
      },
      { kind: 'grpc', url: 'http://$host:82/test.Echo/Unary', expect: { grpcStatus: 0, version: 'v2' } },
      { kind: 'grpc', url: 'http://$host:82/test.Other/Unary', expect: { grpcStatus: 0, version: 'v1' } },
    ],
  },
  {
    title: 'grpc: no route is UNIMPLEMENTED, nobody there UNAVAILABLE',
    doc: docs.envoy('intro/arch_overview/other_protocols/grpc'),
    resources: [
      destinationRule('subsets: [{ name: empty, labels: { version: v9 } }]'),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /test.Empty/ } }]
          ${to('empty')}
        - match: [{ uri: { prefix: /test.Echo/ } }]
          route: [{ destination: { host: $host } }]
      `),
    ],
    steps: [
      { kind: 'grpc', url: 'http://$host:82/test.None/Unary', expect: { grpcStatus: 12, received: 0 } },
      { kind: 'grpc', url: 'http://$host:82/test.Empty/Unary', expect: { grpcStatus: 14, received: 0 } },
    ],
  },
  {
    title: 'grpc: a route’s time-out is what 504 is to gRPC, UNAVAILABLE',
    doc: 'https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md',
    resources: [
      virtualService(`
        http:
        - timeout: 0.3s
          route: [{ destination: { host: $host } }]
      `),
    ],
    steps: [
      {
        kind: 'grpc',
        url: 'http://$host:82/test.Echo/Unary',
        behave: { delayMs: 2000 },
        expect: { grpcStatus: 14, atLeastMs: 290, flags: 'UT' },
      },
    ],
  },
  {
    title: 'grpc: weights',
    doc: docs.virtualService('HTTPRouteDestination'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - route:
          - { destination: { host: $host, subset: v1 }, weight: 20 }
          - { destination: { host: $host, subset: v2 }, weight: 80 }
      `),
    ],
    steps: [
      {
        kind: 'grpc',
        url: 'http://$host:82/test.Echo/Unary',
        times: 150,
        expect: { grpcStatus: 0, shares: { v1: 0.2, v2: 0.8 } },
      },
    ],
  },
  {
    title: 'websocket: routed as a request, then bytes both ways',
    doc: docs.envoy('intro/arch_overview/http/upgrades'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /chat } }]
          ${to('v2')}
        - ${to('v1')}
      `),
    ],
    steps: [
      {
        kind: 'websocket',
        url: 'http://$host/chat',
        body: 'hello',
        expect: { status: 101, version: 'v2', body: 'hello' },
      },
      {
        kind: 'websocket',
        url: 'http://$host/',
        body: 'x',
        expect: { status: 101, version: 'v1', body: 'x' },
      },
    ],
  },
  {
    title: 'tcp: all instances without a rule',
    doc: docs.virtualService('TCPRoute'),
    resources: [subsets('trafficPolicy: { loadBalancer: { simple: RANDOM } }')],
    steps: [
      { kind: 'tcp', to: '$host:83', times: 80, expect: { shares: { v1: 1 / 3, v2: 1 / 3, v3: 1 / 3 } } },
    ],
  },
  {
    title: 'tcp: weights between subsets',
    doc: docs.task('tcp-traffic-shifting'),
    resources: [
      subsets(),
      virtualService(`
        tcp:
        - match: [{ port: 83 }]
          route:
          - { destination: { host: $host, port: { number: 83 }, subset: v1 }, weight: 80 }
          - { destination: { host: $host, port: { number: 83 }, subset: v2 }, weight: 20 }
      `),
    ],
    steps: [{ kind: 'tcp', to: '$host:83', times: 80, expect: { shares: { v1: 0.8, v2: 0.2 } } }],
  },
  {
    title: 'tcp: the first rule whose match holds',
    doc: docs.virtualService('L4MatchAttributes'),
    resources: [
      subsets(),
      virtualService(`
        tcp:
        - match: [{ port: 9999 }]
          route: [{ destination: { host: $host, subset: v1 } }]
        - match: [{ port: 83, sourceLabels: { tier: gold } }]
          route: [{ destination: { host: $host, subset: v2 } }]
        - route: [{ destination: { host: $host, subset: v3 } }]
      `),
    ],
    steps: [
      { kind: 'tcp', to: '$host:83', expect: { version: 'v3' } },
      { kind: 'tcp', from: 'other', to: '$host:83', expect: { version: 'v2' } },
    ],
  },
  {
    title: 'tls: routed by server name, not opened',
    doc: docs.virtualService('TLSRoute'),
    resources: [
      subsets(),
      virtualService(`
        hosts: [$host]
        tls:
        - match: [{ port: 84, sniHosts: [$host] }]
          route: [{ destination: { host: $host, subset: v2 } }]
      `),
    ],
    steps: [
      {
        kind: 'tls',
        to: '$host:84',
        sni: '$host',
        expect: { version: 'v2', sni: '$host', certificate: 'outside' },
      },
    ],
  },
  {
    title: 'tls: a wildcard among the server names',
    doc: docs.virtualService('TLSMatchAttributes'),
    resources: [
      subsets(),
      virtualService(`
        hosts: ["*.traffic.svc.cluster.local", $host]
        tls:
        - match: [{ sniHosts: [$host] }]
          route: [{ destination: { host: $host, subset: v1 } }]
        - match: [{ sniHosts: ["*.traffic.svc.cluster.local"] }]
          route: [{ destination: { host: $host, subset: v3 } }]
      `),
    ],
    steps: [
      { kind: 'tls', to: '$host:84', sni: '$host', expect: { version: 'v1' } },
      { kind: 'tls', to: '$host:84', sni: 'more.traffic.svc.cluster.local', expect: { version: 'v3' } },
    ],
  },
  {
    title: 'protocol: a port that does not say its own is sniffed, HTTP is routed',
    doc: docs.ops('configuration/traffic-management/protocol-selection/#automatic-protocol-selection'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 8000, name: any, protocol: "", targetPort: $http }]
        endpoints: [{ address: 127.0.0.1 }]
      `),
      virtualService(`
        hosts: [$outside]
        http:
        - headers: { request: { set: { x-routed: "yes" } } }
          route: [{ destination: { host: $outside } }]
      `),
    ],
    steps: [{ url: 'http://$outside:8000/', expect: { version: 'out1', seen: { 'x-routed': 'yes' } } }],
  },
  {
    title: 'tcp: by the address that was called',
    doc: docs.virtualService('L4MatchAttributes'),
    resources: [
      serviceEntry(`
        addresses: [10.99.0.7]
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 9000, name: tcp, protocol: TCP, targetPort: $tcp }]
        endpoints: [{ address: 127.0.0.1 }]
      `),
      subsets(),
      virtualService(`
        hosts: [$outside]
        tcp:
        - match: [{ destinationSubnets: [10.98.0.0/16] }]
          route: [{ destination: { host: $host, port: { number: 83 }, subset: v1 } }]
        - match: [{ destinationSubnets: [10.99.0.0/16] }]
          route: [{ destination: { host: $host, port: { number: 83 }, subset: v2 } }]
        - route: [{ destination: { host: $outside } }]
      `),
    ],
    steps: [{ kind: 'tcp', to: '$outside:9000', expect: { version: 'v2' } }],
  },
];

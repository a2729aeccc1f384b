/** ServiceEntry and WorkloadEntry: applications outside, and TLS to them. */
import { destinationRule, docs, resource, serviceEntry, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const http = '[{ number: 80, name: http, protocol: HTTP, targetPort: $http }]';
const endpoint = '[{ address: 127.0.0.1 }]';
const doc = docs.serviceEntry('ServiceEntry');
const asked = 'http://$outside/';

/** A host whose port 80 is HTTPS at the application. */
const secured = (tls: string): readonly string[] => [
  serviceEntry(`
    location: MESH_EXTERNAL
    resolution: STATIC
    ports: [{ number: 80, name: http, protocol: HTTP, targetPort: $https }]
    endpoints: ${endpoint}
  `),
  destinationRule(`
    host: $outside
    trafficPolicy: { tls: ${tls} }
  `),
];
const tls = docs.destinationRule('ClientTLSSettings');

export const entries: readonly Scenario[] = [
  {
    title: 'entry: STATIC, with a port of its own at the endpoint',
    doc: docs.serviceEntry('ServiceEntry-Resolution'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 80, name: http, protocol: HTTP }]
        endpoints: [{ address: 127.0.0.1, ports: { http: $http } }]
      `),
    ],
    steps: [{ url: asked, expect: { version: 'out1', seen: { ':authority': '$outside' } } }],
  },
  {
    title: 'entry: DNS resolves the endpoints’ names',
    doc: docs.serviceEntry('ServiceEntry-Resolution'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: DNS
        ports: ${http}
        endpoints: [{ address: localhost }]
      `),
    ],
    steps: [{ url: asked, expect: { version: 'out1', seen: { ':authority': '$outside' } } }],
  },
  {
    title: 'entry: DNS_ROUND_ROBIN resolves the endpoint’s name',
    doc: docs.serviceEntry('ServiceEntry-Resolution'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: DNS_ROUND_ROBIN
        ports: ${http}
        endpoints: [{ address: localhost }]
      `),
    ],
    steps: [{ url: asked, expect: { version: 'out1' } }],
  },
  {
    title: 'entry: endpoints share by weight',
    doc: docs.workloadEntry('WorkloadEntry'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 80, name: http, protocol: HTTP }]
        endpoints:
        - { address: 127.0.0.1, ports: { http: $http }, weight: 75 }
        - { address: 127.0.0.1, ports: { http: $http2nd }, weight: 25 }
      `),
      destinationRule(`
        host: $outside
        trafficPolicy: { loadBalancer: { simple: ROUND_ROBIN } }
      `),
    ],
    steps: [{ url: asked, times: 200, expect: { shares: { out1: 0.75, out2: 0.25 } } }],
  },
  {
    title: 'entry: subsets by the labels of endpoints',
    doc: docs.destinationRule('Subset'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 80, name: http, protocol: HTTP }]
        endpoints:
        - { address: 127.0.0.1, ports: { http: $http }, labels: { zone: blue } }
        - { address: 127.0.0.1, ports: { http: $http2nd }, labels: { zone: green } }
      `),
      destinationRule(`
        host: $outside
        subsets: [{ name: blue, labels: { zone: blue } }, { name: green, labels: { zone: green } }]
      `),
      virtualService(`
        hosts: [$outside]
        http:
        - match: [{ uri: { prefix: /green } }]
          route: [{ destination: { host: $outside, subset: green } }]
        - route: [{ destination: { host: $outside, subset: blue } }]
      `),
    ],
    steps: [
      { url: 'http://$outside/green', times: 5, expect: { version: 'out2' } },
      { url: asked, times: 5, expect: { version: 'out1' } },
    ],
  },
  {
    title: 'entry: workloadSelector selects WorkloadEntries',
    doc,
    resources: [
      resource(
        'networking.istio.io/v1',
        'WorkloadEntry',
        'address: 127.0.0.1\nports: { http: $http }\nlabels: { app: $name }',
      ),
      resource(
        'networking.istio.io/v1',
        'WorkloadEntry',
        'address: 127.0.0.1\nports: { http: $http2nd }\nlabels: { app: not-$name }',
        '$name-other',
      ),
      serviceEntry(`
        location: MESH_INTERNAL
        resolution: STATIC
        ports: [{ number: 80, name: http, protocol: HTTP }]
        workloadSelector: { labels: { app: $name } }
      `),
    ],
    steps: [{ url: asked, times: 6, expect: { version: 'out1' } }],
  },
  {
    title: 'entry: workloadSelector selects workloads of the mesh',
    doc,
    resources: [
      serviceEntry(`
        location: MESH_INTERNAL
        resolution: STATIC
        ports: [{ number: 80, name: http, protocol: HTTP }]
        workloadSelector: { labels: { app: echo, version: v2 } }
      `),
    ],
    steps: [{ url: asked, times: 6, expect: { version: 'v2' } }],
  },
  {
    title: 'entry: several hosts, and a wildcard',
    doc,
    resources: [
      serviceEntry(`
        hosts: [$outside, "*.wild-$name.test"]
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: ${http}
        endpoints: ${endpoint}
      `),
    ],
    steps: [
      { url: asked, expect: { version: 'out1' } },
      {
        url: 'http://a.wild-$name.test/',
        expect: { version: 'out1', seen: { ':authority': 'a.wild-$name.test' } },
      },
    ],
  },
  {
    title: 'entry: rules of a VirtualService hold for calls outside',
    doc: docs.task('egress/egress-control'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: ${http}
        endpoints: ${endpoint}
      `),
      virtualService(`
        hosts: [$outside]
        http:
        - timeout: 1s
          route: [{ destination: { host: $outside } }]
      `),
    ],
    steps: [
      { url: asked, expect: { version: 'out1' } },
      { url: asked, behave: { delayMs: 4000 }, expect: { status: 504, atLeastMs: 990, flags: 'UT' } },
    ],
  },
  {
    title: 'entry: exportTo "." hides it from other namespaces',
    doc,
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: ${http}
        endpoints: ${endpoint}
        exportTo: ["."]
      `),
    ],
    steps: [
      { url: asked, expect: { version: 'out1' } },
      // It is asked for like any unknown host, whose name nobody knows.
      { from: 'other', url: asked, expect: { status: 503, received: 0 } },
    ],
  },
  {
    title: 'entry: bytes',
    doc,
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 9000, name: tcp, protocol: TCP, targetPort: $tcp }]
        endpoints: ${endpoint}
      `),
    ],
    steps: [{ kind: 'tcp', to: '$outside:9000', expect: { version: 'out1' } }],
  },
  {
    title: 'entry: TLS of the application passes',
    doc: docs.task('egress/egress-control'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 443, name: tls, protocol: TLS, targetPort: $tls }]
        endpoints: ${endpoint}
      `),
    ],
    steps: [
      {
        kind: 'tls',
        to: '$outside:443',
        sni: '$outside',
        expect: { version: 'out1', sni: '$outside', certificate: 'outside' },
      },
    ],
  },
  {
    title: 'tls origination: SIMPLE, with roots and server name',
    doc: docs.task('egress/egress-tls-origination'),
    resources: secured('{ mode: SIMPLE, caCertificates: $certs/ca.pem, sni: $outside }'),
    steps: [{ url: asked, expect: { version: 'out1', seen: { ':sni': '$outside -' } } }],
  },
  {
    title: 'tls origination: MUTUAL shows a certificate from files',
    doc: tls,
    resources: secured(
      '{ mode: MUTUAL, caCertificates: $certs/ca.pem, clientCertificate: $certs/visitor.pem, privateKey: $certs/visitor.key, sni: $outside }',
    ),
    steps: [{ url: asked, expect: { version: 'out1', seen: { ':sni': '$outside visitor' } } }],
  },
  {
    title: 'tls origination: subjectAltNames that the server has',
    doc: tls,
    resources: secured(
      '{ mode: SIMPLE, caCertificates: $certs/ca.pem, sni: $outside, subjectAltNames: ["*.outside.test"] }',
    ),
    steps: [{ url: asked, expect: { version: 'out1' } }],
  },
  {
    title: 'tls origination: another name than the certificate’s is refused',
    doc: tls,
    resources: secured(
      '{ mode: SIMPLE, caCertificates: $certs/ca.pem, sni: $outside, subjectAltNames: [someone.test] }',
    ),
    steps: [{ url: asked, expect: { status: 503, received: 0 } }],
  },
  {
    title: 'tls origination: roots that have not signed the certificate',
    doc: tls,
    resources: secured('{ mode: SIMPLE, caCertificates: $certs/visitor.pem, sni: $outside }'),
    steps: [{ url: asked, expect: { status: 503, received: 0 } }],
  },
  {
    title: 'tls origination: insecureSkipVerify asks no roots',
    doc: tls,
    resources: secured('{ mode: SIMPLE, insecureSkipVerify: true, sni: $outside }'),
    steps: [{ url: asked, expect: { version: 'out1' } }],
  },
  {
    title: 'proxyProtocol: connections begin with their addresses',
    doc: docs.destinationRule('TrafficPolicy-ProxyProtocol'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 9000, name: tcp, protocol: TCP, targetPort: $tcp }]
        endpoints: ${endpoint}
      `),
      destinationRule(`
        host: $outside
        trafficPolicy: { proxyProtocol: { version: V1 } }
      `),
    ],
    steps: [
      {
        kind: 'tcp',
        to: '$outside:9000',
        expect: { line: /^out1 PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+/ },
      },
    ],
  },
  ...(
    [
      ['by CONNECT', '{ targetHost: localhost, targetPort: $tcp }', /^out1 by CONNECT hello$/],
      ['by POST', '{ protocol: POST, targetHost: localhost, targetPort: $tcp }', /^out1 by POST hello$/],
    ] as const
  ).map(
    ([by, how, line]): Scenario => ({
      title: `tunnel: bytes go through a forward proxy, which is told where to ${by}`,
      doc: docs.destinationRule('TrafficPolicy-TunnelSettings'),
      resources: [
        serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 9000, name: tcp, protocol: TCP, targetPort: $http2nd }]
        endpoints: ${endpoint}
      `),
        destinationRule(`
        host: $outside
        trafficPolicy: { tunnel: ${how} }
      `),
      ],
      steps: [{ kind: 'tcp', to: '$outside:9000', expect: { line } }],
    }),
  ),
];

/** Who sees what: exportTo, Sidecar, hosts that nobody has named; and who is near. */
import {
  destinationRule,
  docs,
  edge,
  gateway,
  resource,
  service,
  serviceEntry,
  subsets,
  virtualService,
} from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const locality = (setting: string): string =>
  destinationRule(`
    trafficPolicy:
      loadBalancer: { simple: ROUND_ROBIN, localityLbSetting: ${setting} }
      outlierDetection: { consecutive5xxErrors: 3, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100 }
    subsets: [{ name: spare, labels: { main: "false" } }]
  `);
const localityDoc = docs.destinationRule('LocalityLoadBalancerSetting');

export const scope: readonly Scenario[] = [
  {
    title: 'exportTo: a VirtualService for its own namespace',
    doc: docs.virtualService('VirtualService'),
    resources: [
      subsets(),
      virtualService(`
        exportTo: ["."]
        http:
        - headers: { request: { set: { x-routed: "yes" } } }
          route: [{ destination: { host: $host, subset: v1 } }]
      `),
    ],
    steps: [
      { expect: { version: 'v1', seen: { 'x-routed': 'yes' } } },
      { from: 'other', expect: { seen: { 'x-routed': null } } },
    ],
  },
  {
    title: 'exportTo: a VirtualService for named namespaces',
    doc: docs.virtualService('VirtualService'),
    resources: [
      subsets(),
      virtualService(`
        exportTo: [elsewhere]
        http:
        - headers: { request: { set: { x-routed: "yes" } } }
          route: [{ destination: { host: $host } }]
      `),
    ],
    steps: [
      { expect: { seen: { 'x-routed': null } } },
      { from: 'other', expect: { seen: { 'x-routed': 'yes' } } },
    ],
  },
  {
    title: 'exportTo: who sees a VirtualService at a gateway is the proxy, by its namespace, not the Gateway',
    doc: docs.virtualService('VirtualService'),
    resources: [
      subsets('exportTo: [traffic, tulle-system]'),
      gateway('servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*.$edge"] }]'),
      ...[
        ['seen', '[tulle-system]', 'v2'],
        ['unseen', '["."]', 'v1'],
      ].map(([name, exportTo, version]) =>
        virtualService(
          `
            hosts: [${name}.$edge]
            gateways: [$name]
            exportTo: ${exportTo}
            http: [{ route: [{ destination: { host: $host, port: { number: 80 }, subset: ${version} } }] }]
          `,
          `$name-${name}`,
        ),
      ),
    ],
    steps: [
      { from: 'gateway', url: 'http://seen.$edge/', expect: { version: 'v2' } },
      { from: 'gateway', url: 'http://unseen.$edge/', expect: { status: 404, received: 0 } },
    ],
  },
  {
    title: 'exportTo: DestinationRules and ServiceEntries at a gateway, by its proxies’ namespace',
    doc: docs.destinationRule('DestinationRule'),
    resources: [
      edge,
      destinationRule(`
        exportTo: ["."]
        trafficPolicy: { connectionPool: { http: { http2MaxRequests: 1 } } }
      `),
      serviceEntry(`
        exportTo: ["."]
        ports: [{ number: 80, name: http, protocol: HTTP }]
        resolution: STATIC
        endpoints: [{ address: 127.0.0.1, ports: { http: $http } }]
      `),
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - match: [{ uri: { prefix: /outside } }]
          route: [{ destination: { host: $outside } }]
        - route: [{ destination: { host: $host, port: { number: 80 } } }]
      `),
    ],
    steps: [
      { times: 3, together: 3, behave: { delayMs: 600 }, expect: { status: { 200: 1, 503: 2 } } },
      {
        ...{ from: 'gateway', url: 'http://$edge/', times: 3, together: 3, behave: { delayMs: 600 } },
        expect: { status: 200 },
      },
      { url: 'http://$outside/', expect: { version: 'out1' } },
      { from: 'gateway', url: 'http://$edge/outside', expect: { status: 503, received: 0 } },
    ],
  },
  {
    title: 'exportTo: a DestinationRule for its own namespace',
    doc: docs.destinationRule('DestinationRule'),
    resources: [
      destinationRule(`
        exportTo: ["."]
        trafficPolicy: { connectionPool: { http: { http2MaxRequests: 1 } } }
      `),
    ],
    steps: [
      { times: 3, together: 3, behave: { delayMs: 600 }, expect: { status: { 200: 1, 503: 2 } } },
      { from: 'other', times: 3, together: 3, behave: { delayMs: 600 }, expect: { status: 200 } },
    ],
  },
  {
    title: 'DestinationRule: that of the caller’s namespace goes before that of the service’s',
    doc: docs.ops('best-practices/traffic-management/#cross-namespace-configuration'),
    resources: [
      destinationRule('trafficPolicy: { connectionPool: { http: { http2MaxRequests: 1 } } }'),
      `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: $name, namespace: elsewhere }
spec:
  host: $host
  trafficPolicy: { connectionPool: { http: { http2MaxRequests: 100 } } }
`,
    ],
    steps: [
      { times: 3, together: 3, behave: { delayMs: 600 }, expect: { status: { 200: 1, 503: 2 } } },
      { from: 'other', times: 3, together: 3, behave: { delayMs: 600 }, expect: { status: 200 } },
    ],
  },
  {
    title: 'outside: a host that nobody has named is asked for as it is (ALLOW_ANY)',
    doc: docs.task('egress/egress-control'),
    resources: [],
    steps: [
      {
        url: 'http://localhost:$http/',
        expect: { version: 'out1', seen: { ':authority': 'localhost:$http' } },
      },
    ],
  },
  {
    title: 'Sidecar: egress hosts are all that its workload sees; others are 502 under REGISTRY_ONLY',
    doc: docs.sidecar('Sidecar'),
    resources: [
      service.replace('$name', '$name-hidden'),
      resource(
        'networking.istio.io/v1',
        'Sidecar',
        `
        workloadSelector: { labels: { app: scoped } }
        egress: [{ hosts: [./$host] }]
        outboundTrafficPolicy: { mode: REGISTRY_ONLY }
      `,
      ),
    ],
    steps: [
      { from: 'scoped', expect: {} },
      {
        from: 'scoped',
        url: 'http://$name-hidden.traffic.svc.cluster.local/',
        expect: { status: 502, received: 0 },
      },
      { from: 'scoped', url: 'http://localhost:$http/', expect: { status: 502, received: 0 } },
      { from: 'client', url: 'http://$name-hidden.traffic.svc.cluster.local/', expect: {} },
    ],
  },
  {
    title: 'locality: instances of the caller’s own zone first',
    doc: docs.task('locality-load-balancing/failover'),
    resources: [locality('{ enabled: true }')],
    steps: [{ from: 'near', times: 12, expect: { version: 'v1' } }],
  },
  {
    title: 'locality: when those fail, the next in the region',
    doc: docs.task('locality-load-balancing/failover'),
    resources: [locality('{ enabled: true }')],
    steps: [
      { from: 'near', times: 3, behave: { status: 500 }, expect: { status: 500, version: 'v1' } },
      { from: 'near', times: 12, settles: true, expect: { version: 'v2' } },
    ],
  },
  {
    title: 'locality: none of the own zone among those asked, so the own region',
    doc: localityDoc,
    resources: [
      locality('{ enabled: true }'),
      virtualService(`
        http:
        - route: [{ destination: { host: $host, subset: spare } }]
      `),
    ],
    steps: [{ from: 'near', times: 12, expect: { version: 'v2' } }],
  },
  {
    title: 'locality: distribute by weights',
    doc: docs.task('locality-load-balancing/distribute'),
    resources: [
      locality(
        '{ enabled: true, distribute: [{ from: west/a/*, to: { west/a/*: 60, west/b/*: 30, east/a/*: 10 } }] }',
      ),
    ],
    steps: [{ from: 'near', times: 200, expect: { shares: { v1: 0.6, v2: 0.3, v3: 0.1 } } }],
  },
  {
    title: 'locality: off',
    doc: localityDoc,
    resources: [locality('{ enabled: false }')],
    steps: [{ from: 'near', times: 30, expect: { receivedBy: { v1: 10, v2: 10, v3: 10 } } }],
  },
  {
    title: 'locality: a caller that does not know its own asks all',
    doc: localityDoc,
    resources: [locality('{ enabled: true }')],
    steps: [{ times: 30, expect: { receivedBy: { v1: 10, v2: 10, v3: 10 } } }],
  },
  {
    title: 'locality: failover to the region that is named, before any other',
    doc: docs.destinationRule('LocalityLoadBalancerSetting-Failover'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 80, name: http, protocol: HTTP }]
        endpoints:
        - { address: 127.0.0.1, ports: { http: $http }, locality: south/a }
        - { address: 127.0.0.1, ports: { http: $http2nd }, locality: east/a }
      `),
      destinationRule(`
        host: $outside
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN, localityLbSetting: { failover: [{ from: west, to: east }] } }
          outlierDetection: { consecutive5xxErrors: 3, interval: 60s, baseEjectionTime: 60s }
      `),
    ],
    steps: [{ from: 'near', url: 'http://$outside/', times: 12, expect: { version: 'out2' } }],
  },
  {
    title: 'locality: failoverPriority by labels of caller and instance',
    doc: localityDoc,
    resources: [locality('{ enabled: true, failoverPriority: [version] }')],
    steps: [{ from: 'near', times: 12, expect: { version: 'v3' } }],
  },
  {
    title: 'DestinationRule: several of one host are one',
    doc: docs.ops('best-practices/traffic-management/#split-virtual-services'),
    resources: [
      destinationRule('subsets: [{ name: one, labels: { version: v1 } }]'),
      destinationRule('subsets: [{ name: two, labels: { version: v2 } }]', '$name-second'),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /two } }]
          route: [{ destination: { host: $host, subset: two } }]
        - route: [{ destination: { host: $host, subset: one } }]
      `),
    ],
    steps: [{ url: 'http://$host/two', expect: { version: 'v2' } }, { expect: { version: 'v1' } }],
  },
  {
    title: 'DestinationRule: a wildcard host is for all that no other names',
    doc: docs.destinationRule('DestinationRule'),
    resources: [
      serviceEntry(`
        hosts: [a.wild-$name.test, b.wild-$name.test]
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 80, name: http, protocol: HTTP, targetPort: $http }]
        endpoints: [{ address: 127.0.0.1 }]
      `),
      destinationRule(`
        host: "*.wild-$name.test"
        trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 1 } } }
      `),
      destinationRule(
        `
        host: b.wild-$name.test
        trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 4 } } }
      `,
        '$name-b',
      ),
    ],
    steps: [
      { url: 'http://a.wild-$name.test/', times: 4, expect: { connections: 4 } },
      { url: 'http://b.wild-$name.test/', times: 4, expect: { connections: 1 } },
    ],
  },
];

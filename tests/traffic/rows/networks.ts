/** Endpoints of another network: reached through its gateway, from whoever is in a third one. */
import { destinationRule, docs, flush, resource, serviceEntry, virtualService } from '../documents.ts';
import type { HttpStep, Scenario, Step } from '../scenario.ts';

const far = '$name-far.traffic.svc.cluster.local';
const gateway = '127.0.0.1:$eastwest';
const doc = 'https://istio.io/latest/docs/ops/deployment/deployment-models/#multiple-networks';

/** Beside the row's own service: of what runs in network-2. */
const service = (selector: string): string => `apiVersion: v1
kind: Service
metadata: { name: $name-far }
spec:
  selector: ${selector}
  ports:
  - { name: http, port: 80 }
  - { name: http2, port: 81 }
  - { name: grpc, port: 82 }
  - { name: tcp, port: 83 }
  - { name: tls, port: 84 }
`;

/** Of what runs in network-2, without an address that anybody could call. */
const entry = (more: string): string =>
  resource(
    'networking.istio.io/v1',
    'WorkloadEntry',
    `network: network-2\nserviceAccount: default\n${flush(more)}`,
  );

const rule = (spec: string): string => destinationRule(`host: ${far}\n${flush(spec)}`, '$name-far');

const calls: readonly Pick<HttpStep, 'kind' | 'url'>[] = [
  { kind: 'http', url: `http://${far}/` },
  { kind: 'http2', url: `http://${far}:81/` },
  { kind: 'grpc', url: `http://${far}:82/` },
];

export const networks: readonly Scenario[] = [
  {
    title: 'networks: what runs in another network is reached through its gateway, in all protocols',
    doc,
    // It has routes of its own: a row about protocols has some for whoever has none.
    resources: [
      service('{ app: far }'),
      virtualService(
        `hosts: ['${far}']\nhttp: [{ route: [{ destination: { host: ${far} } }] }]`,
        '$name-far',
      ),
    ],
    steps: [
      ...calls.map(
        (call): Step => ({ ...call, from: 'networked', expect: { version: 'far', upstream: gateway } }),
      ),
      { kind: 'tcp', from: 'networked', to: `${far}:83`, expect: { version: 'far' } },
      { kind: 'tls', from: 'networked', to: `${far}:84`, sni: far, expect: { version: 'far' } },
      // Who does not say where it is reaches everybody.
      { url: `http://${far}/`, expect: { version: 'far', upstream: '127.0.0.1:$far' } },
    ],
  },
  {
    title: 'networks: subsets go by the server name',
    doc,
    resources: [
      service('{ app: far }'),
      rule(`
        subsets:
        - { name: there, labels: { version: far } }
        - { name: nowhere, labels: { version: none } }
      `),
      virtualService(
        `
          hosts: ['${far}']
          http:
          - match: [{ uri: { prefix: /nowhere } }]
            route: [{ destination: { host: ${far}, subset: nowhere } }]
          - route: [{ destination: { host: ${far}, subset: there } }]
        `,
        '$name-far',
      ),
    ],
    steps: [
      { from: 'networked', url: `http://${far}/`, expect: { version: 'far', upstream: gateway } },
      { from: 'networked', url: `http://${far}/nowhere`, expect: { status: 503, received: 0 } },
    ],
  },
  {
    title: 'networks: a gateway has the weight of those behind it, with an address or without',
    doc: docs.workloadEntry('WorkloadEntry'),
    resources: [
      service('{ spans: "yes" }'),
      entry('labels: { spans: "yes" }\nweight: 2'),
      // Envoy's RANDOM knows no weights.
      rule('trafficPolicy: { loadBalancer: { simple: ROUND_ROBIN } }'),
    ],
    steps: [
      {
        ...{ from: 'networked', url: `http://${far}/`, times: 200 },
        expect: { shares: { v1: 0.25, far: 0.75 } },
      },
    ],
  },
  {
    title: 'networks: the caller’s own network is preferred, where failoverPriority says so',
    doc: docs.destinationRule('LocalityLoadBalancerSetting'),
    resources: [
      service('{ spans: "yes" }'),
      rule(`
        trafficPolicy:
          loadBalancer: { localityLbSetting: { failoverPriority: [topology.istio.io/network] } }
          outlierDetection: { consecutive5xxErrors: 3, interval: 60s, baseEjectionTime: 60s }
      `),
    ],
    steps: [{ from: 'networked', url: `http://${far}/`, times: 20, expect: { version: 'v1' } }],
  },
  {
    title: 'networks: without mTLS nothing says where a connection is wanted: nobody is called',
    doc,
    resources: [service('{ app: far }'), rule('trafficPolicy: { tls: { mode: DISABLE } }')],
    steps: [
      { from: 'networked', url: `http://${far}/`, expect: { status: 503, flags: 'UH', received: 0 } },
      { kind: 'tcp', from: 'networked', to: `${far}:83`, expect: { refused: true } },
    ],
  },
  {
    title: 'networks: an endpoint of a ServiceEntry in another network',
    doc: docs.workloadEntry('WorkloadEntry'),
    resources: [
      serviceEntry(
        `
          hosts: ['$name-entry-far.traffic.svc.cluster.local']
          location: MESH_INTERNAL
          resolution: STATIC
          ports: [{ number: 80, name: http, protocol: HTTP }]
          endpoints: [{ address: 127.0.0.1, ports: { http: $far }, network: network-2, serviceAccount: default }]
        `,
      ),
    ],
    steps: [
      {
        ...{ from: 'networked', url: 'http://$name-entry-far.traffic.svc.cluster.local/' },
        expect: { version: 'far', upstream: gateway },
      },
    ],
  },
];

/** WorkloadEntries of several networks: each field says what its network's gateway is used for, or not. */
import { destinationRule, docs, flush, resource, virtualService } from '../documents.ts';
import type { HttpStep, Scenario } from '../scenario.ts';

const doc = docs.workloadEntry('WorkloadEntry');
const gateway = '127.0.0.1:$eastwest';
const there = '127.0.0.1:$far';
const outside = '127.0.0.1:$http';

/** The names of the row's services. */
const named = (name = ''): string => `$name${name}-far`;
const hostOf = (name = ''): string => `${named(name)}.traffic.svc.cluster.local`;

const service = (name = ''): string => `apiVersion: v1
kind: Service
metadata: { name: ${named(name)} }
spec:
  selector: { app: ${named(name)} }
  ports: [{ name: http, port: 80 }]
`;

/** The sidecar in network-2 at its own address: whoever is there can call it, or the gateway. */
const entry = (more: string, { name = '', labels = '' } = {}): string =>
  resource(
    'networking.istio.io/v1',
    'WorkloadEntry',
    `address: 127.0.0.1\nports: { http: $far }\nlabels: { app: ${named(name)}${labels} }\n${flush(more)}`,
    named(name),
  );

/** An application without a sidecar, in the network of the caller. */
const beside = (more: string, labels = ''): string =>
  resource(
    'networking.istio.io/v1',
    'WorkloadEntry',
    `address: 127.0.0.1\nports: { http: $http }\nnetwork: network-1\nlabels: { app: ${named()}${labels} }\n${flush(more)}`,
    `${named()}-beside`,
  );

const rule = (spec: string): string => destinationRule(`host: ${hostOf()}\n${flush(spec)}`, named());

const step = (expect: HttpStep['expect'], more: Partial<HttpStep> = {}): HttpStep => ({
  ...{ from: 'networked', url: `http://${hostOf()}/` },
  ...more,
  expect,
});

export const networkEntries: readonly Scenario[] = [
  {
    title: 'entries in networks: network says whether the gateway is between, whatever the address',
    doc,
    resources: [
      service(),
      entry('network: network-2\nserviceAccount: default'),
      service('-here'),
      entry('network: network-1\nserviceAccount: default', { name: '-here' }),
      service('-open'),
      entry('network: network-9\nserviceAccount: default', { name: '-open' }),
    ],
    steps: [
      step({ version: 'far', upstream: gateway }),
      step({ version: 'far', upstream: there }, { url: `http://${hostOf('-here')}/` }),
      // A network without a gateway is tried as it is.
      step({ version: 'far', upstream: there }, { url: `http://${hostOf('-open')}/` }),
      step({ version: 'far', upstream: there }, { from: 'client' }),
    ],
  },
  {
    title: 'entries in networks: the label topology.istio.io/network says it, where network does not',
    doc: 'https://istio.io/latest/docs/reference/config/labels/#TopologyNetwork',
    resources: [
      service(),
      entry('serviceAccount: default', { labels: ', topology.istio.io/network: network-2' }),
      service('-both'),
      entry('network: network-1\nserviceAccount: default', {
        name: '-both',
        labels: ', topology.istio.io/network: network-2',
      }),
    ],
    steps: [
      step({ version: 'far', upstream: gateway }),
      step({ version: 'far', upstream: there }, { url: `http://${hostOf('-both')}/` }),
    ],
  },
  {
    title: 'entries in networks: labels choose subsets, on both sides of the gateway',
    doc,
    resources: [
      service(),
      entry('network: network-2\nserviceAccount: default', { labels: ', version: one' }),
      beside('', ', version: two'),
      rule(`
        subsets:
        - { name: one, labels: { version: one } }
        - { name: two, labels: { version: two } }
      `),
      virtualService(
        `
          hosts: ['${hostOf()}']
          http:
          - match: [{ uri: { prefix: /one } }]
            route: [{ destination: { host: ${hostOf()}, subset: one } }]
          - route: [{ destination: { host: ${hostOf()}, subset: two } }]
        `,
        named(),
      ),
    ],
    steps: [
      step({ version: 'far', upstream: gateway }, { url: `http://${hostOf()}/one`, times: 10 }),
      step({ version: 'out1', upstream: outside }, { url: `http://${hostOf()}/two`, times: 10 }),
    ],
  },
  {
    title: 'entries in networks: weight is the gateway’s share beside others',
    doc,
    // Were it 1, each would get the half: twelve standard deviations from this.
    resources: [
      service(),
      entry('network: network-2\nserviceAccount: default\nweight: 9'),
      beside('weight: 1'),
      rule('trafficPolicy: { loadBalancer: { simple: ROUND_ROBIN } }'),
    ],
    steps: [step({ shares: { far: 0.9, out1: 0.1 } }, { times: 200 })],
  },
  {
    title: 'entries in networks: the gateway is as near as the locality of what is behind it',
    doc: docs.destinationRule('LocalityLoadBalancerSetting'),
    resources: [
      service(),
      entry('network: network-2\nserviceAccount: default\nlocality: west/a/1'),
      beside('locality: east/a/1'),
      rule(`
        trafficPolicy:
          outlierDetection: { consecutive5xxErrors: 3, interval: 60s, baseEjectionTime: 60s }
      `),
    ],
    steps: [step({ version: 'far', upstream: gateway }, { times: 30 })],
  },
  {
    title: 'entries in networks: serviceAccount says that it takes mTLS, and who must be at the other end',
    doc,
    resources: [
      service(),
      entry('network: network-2\nserviceAccount: default'),
      service('-other'),
      entry('network: network-2\nserviceAccount: somebody', { name: '-other' }),
      service('-none'),
      entry('network: network-2', { name: '-none' }),
    ],
    steps: [
      step({ version: 'far', upstream: gateway }),
      step({ status: 503, flags: 'UF,URX', received: 0 }, { url: `http://${hostOf('-other')}/` }),
      step({ status: 503, flags: 'UH', received: 0 }, { url: `http://${hostOf('-none')}/` }),
    ],
  },
];

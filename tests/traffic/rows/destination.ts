/** DestinationRule: who is asked: balancing, hashing, subsets, ports; mutual TLS. */
import { destinationRule, docs, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const simple = docs.destinationRule('LoadBalancerSettings-SimpleLB');
const hash = docs.destinationRule('LoadBalancerSettings-ConsistentHashLB');
const third = { v1: 1 / 3, v2: 1 / 3, v3: 1 / 3 };
const hashed = (by: string): string =>
  destinationRule(`trafficPolicy: { loadBalancer: { consistentHash: ${by} } }`);

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
    resources: [hashed('{ ringHash: {}, httpHeaderName: x-user }')],
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
    title: 'workloadSelector: a rule for callers with other labels is none',
    doc: docs.destinationRule('DestinationRule'),
    resources: [
      `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: $name, namespace: elsewhere }
spec:
  host: $host
  workloadSelector: { matchLabels: { app: another } }
  trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: x-user } } }
`,
    ],
    // Each of at least two of three is asked at random: all the same with (1/3)^39.
    steps: [{ from: 'other', times: 40, headers: { 'x-user': 'jason' }, expect: { versions: 3 } }],
  },
];

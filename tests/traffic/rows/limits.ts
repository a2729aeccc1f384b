/** RateLimitPolicy, Tulle's own: what is refused, told by what, and where it holds. */
import { docs, edge, resource, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const doc = docs.envoy('configuration/http/http_filters/local_rate_limit_filter');
const policy = (spec: string): string => resource('tulle.dev/v1alpha1', 'RateLimitPolicy', spec);

/** A rule of the row's own, which the policy is for. */
const rules = virtualService(`
  http:
  - name: search
    match: [{ uri: { prefix: /search } }]
    route: [{ destination: { host: $host } }]
  - route: [{ destination: { host: $host } }]
`);
const onRules = 'targetRefs: [{ kind: VirtualService, name: $name }]';

export const limits: readonly Scenario[] = [
  {
    title: 'limit: so many requests, then 429',
    doc,
    resources: [rules, policy(`${onRules}\nlimits: [{ name: all, requests: 3, per: 1h }]`)],
    steps: [
      { times: 3, expect: {} },
      {
        times: 3,
        expect: { status: 429, received: 0, flags: 'RL', headers: { 'x-envoy-ratelimited': 'true' } },
      },
    ],
  },
  {
    title: 'limit: for each value of a header',
    doc,
    resources: [
      rules,
      policy(`${onRules}\nlimits: [{ name: users, by: [{ header: x-user }], requests: 2, per: 1h }]`),
    ],
    steps: [
      { times: 3, headers: { 'x-user': 'jason' }, expect: { status: { 200: 2, 429: 1 } } },
      { times: 3, headers: { 'x-user': 'mary' }, expect: { status: { 200: 2, 429: 1 } } },
    ],
  },
  {
    title: 'limit: for requests that match, others are not counted',
    doc,
    resources: [
      rules,
      policy(`
        ${onRules}
        limits: [{ name: writes, match: { methods: [POST], path: { prefix: /api/ } }, requests: 1, per: 1h }]
      `),
    ],
    steps: [
      { times: 3, url: 'http://$host/api/x', expect: {} },
      { times: 3, method: 'POST', url: 'http://$host/other', expect: {} },
      { times: 3, method: 'POST', url: 'http://$host/api/x', expect: { status: { 200: 1, 429: 2 } } },
    ],
  },
  {
    title: 'limit: for one route',
    doc,
    resources: [
      rules,
      policy(`
        targetRefs: [{ kind: VirtualService, name: $name, sectionName: search }]
        limits: [{ name: searches, requests: 1, per: 1h }]
      `),
    ],
    steps: [
      { times: 3, url: 'http://$host/search', expect: { status: { 200: 1, 429: 2 } } },
      { times: 3, url: 'http://$host/other', expect: {} },
    ],
  },
  {
    title: 'limit: at a gateway',
    doc,
    resources: [
      edge,
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - route: [{ destination: { host: $host, port: { number: 80 } } }]
      `),
      policy(`
        targetRefs: [{ kind: Gateway, name: $name }]
        limits: [{ name: all, requests: 2, per: 1h }]
      `),
    ],
    steps: [
      { from: 'gateway', url: 'http://$edge/', times: 4, expect: { status: { 200: 2, 429: 2 } } },
      { times: 4, expect: {} },
    ],
  },
  {
    title: 'limit: a gRPC call is refused as UNAVAILABLE',
    doc,
    resources: [rules, policy(`${onRules}\nlimits: [{ name: all, requests: 1, per: 1h }]`)],
    steps: [
      { kind: 'grpc', url: 'http://$host:82/test.Echo/Unary', expect: { grpcStatus: 0 } },
      {
        kind: 'grpc',
        url: 'http://$host:82/test.Echo/Unary',
        expect: { grpcStatus: 14, received: 0, flags: 'RL' },
      },
    ],
  },
  {
    title: 'limit: REPORT refuses nothing',
    doc,
    resources: [rules, policy(`${onRules}\nmode: REPORT\nlimits: [{ name: all, requests: 1, per: 1h }]`)],
    steps: [{ times: 4, expect: {} }],
  },
  {
    title: 'limit: clients are told what is left',
    doc,
    resources: [
      rules,
      policy(`
        ${onRules}
        limits: [{ name: all, requests: 5, per: 1h }]
        response: { rateLimitHeaders: X_RATELIMIT }
      `),
    ],
    steps: [
      {
        expect: {
          headers: { 'x-ratelimit-limit': /^5/, 'x-ratelimit-remaining': '4', 'x-ratelimit-reset': /^\d+$/ },
        },
      },
    ],
  },
];

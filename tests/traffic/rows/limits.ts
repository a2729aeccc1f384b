/** RateLimitPolicy, Tulle's own: what is refused, told by what, and where it holds. */
import { docs, edge, resource, serviceEntry, virtualService } from '../documents.ts';
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

/** A service that counts for the mesh and does not answer: nobody knows its host, or nobody listens. */
const unanswered = (host: 'nobody.test' | '$outside', onFailure: 'ALLOW' | 'DENY'): Scenario => ({
  title: `limit: counted by a service that is not there (${host === '$outside' ? 'port' : 'host'}): ${onFailure}, from the first request on`,
  doc: docs.envoy('api-v3/extensions/filters/http/ratelimit/v3/rate_limit.proto'),
  resources: [
    rules,
    serviceEntry(`
      location: MESH_EXTERNAL
      resolution: STATIC
      ports: [{ number: 8081, name: grpc, protocol: GRPC, targetPort: $port }]
      endpoints: [{ address: 127.0.0.1 }]
    `),
    policy(`
      ${onRules}
      scope: MESH
      limits: [{ name: all, requests: 1, per: 1h }]
      service: { host: ${host}, port: 8081, timeout: 5s, onFailure: ${onFailure} }
    `),
  ],
  steps: [
    {
      times: 3,
      expect: onFailure === 'ALLOW' ? { status: 200 } : { status: 500, received: 0, flags: 'RLSE' },
    },
  ],
});

export const limits: readonly Scenario[] = [
  ...(['nobody.test', '$outside'] as const).flatMap((host) => [
    unanswered(host, 'DENY'),
    unanswered(host, 'ALLOW'),
  ]),
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
  {
    title: 'limit: burst is how many may come at once',
    doc,
    resources: [rules, policy(`${onRules}\nlimits: [{ name: all, requests: 1, burst: 4, per: 1h }]`)],
    steps: [{ times: 6, expect: { status: { 200: 4, 429: 2 } } }],
  },
  {
    title: 'limit: told by path, host and headers, each by value, beginning or pattern',
    doc,
    resources: [
      rules,
      policy(`
        ${onRules}
        limits:
        - { name: one, match: { path: { exact: /one } }, requests: 1, per: 1h }
        - { name: two, match: { path: { regex: "/two/[0-9]+" }, host: { exact: $host } }, requests: 1, per: 1h }
        - { name: three, match: { path: { prefix: /three }, host: { prefix: $name. }, headers: { a: { exact: x }, b: { prefix: y }, c: { regex: "z+" } } }, requests: 1, per: 1h }
        - { name: four, match: { path: { prefix: /four }, host: { regex: "$name.*" }, withoutHeaders: { a: { exact: x }, b: { prefix: y }, c: { regex: "z+" } } }, requests: 1, per: 1h }
      `),
    ],
    steps: [
      { url: 'http://$host/one?q=1', times: 3, expect: { status: { 200: 1, 429: 2 } } },
      { url: 'http://$host/one/more', times: 3, expect: {} },
      { url: 'http://$host/two/17?q', times: 3, expect: { status: { 200: 1, 429: 2 } } },
      { url: 'http://$host/two/x', times: 3, expect: {} },
      { url: 'http://$host/three', times: 3, expect: {} },
      {
        url: 'http://$host/three',
        headers: { a: 'x', b: 'yy', c: 'zz' },
        times: 3,
        expect: { status: { 200: 1, 429: 2 } },
      },
      { url: 'http://$host/four', headers: { b: 'yy' }, times: 3, expect: {} },
      { url: 'http://$host/four', times: 3, expect: { status: { 200: 1, 429: 2 } } },
    ],
  },
  {
    title: 'limit: other limits for values that are named, at a gateway also for networks of clients',
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
        targetRefs: [{ kind: Gateway, name: $name, group: networking.istio.io }]
        maxValues: 100
        limits:
        - { name: users, match: { path: { prefix: /user } }, by: [{ header: x-user }], requests: 1, per: 1h, overrides: [{ values: [vip], requests: 3, burst: 3 }] }
        - { name: nets, match: { path: { prefix: /net } }, by: [{ clientAddress: { ipv4PrefixLength: 8, ipv6PrefixLength: 64 } }], requests: 2, per: 1h }
      `),
    ],
    steps: [
      {
        from: 'gateway',
        url: 'http://$edge/user',
        headers: { 'x-user': 'vip' },
        times: 4,
        expect: { status: { 200: 3, 429: 1 } },
      },
      {
        from: 'gateway',
        url: 'http://$edge/user',
        headers: { 'x-user': 'ann' },
        times: 2,
        expect: { status: { 200: 1, 429: 1 } },
      },
      { from: 'gateway', url: 'http://$edge/net', times: 3, expect: { status: { 200: 2, 429: 1 } } },
    ],
  },
  {
    title: 'limit: what clients above it are told',
    doc,
    resources: [
      rules,
      policy(`
        ${onRules}
        limits: [{ name: all, requests: 1, per: 1h }]
        response: { status: 503, headers: { x-why: limited }, retryAfter: false, grpcStatus: RESOURCE_EXHAUSTED }
      `),
    ],
    steps: [
      { expect: {} },
      { expect: { status: 503, headers: { 'x-why': 'limited', 'retry-after': null } } },
      { kind: 'grpc', url: 'http://$host:82/test.Echo/Unary', expect: { grpcStatus: 8 } },
    ],
  },
  {
    title: 'limit: none is counted, or none refused, at 0 %',
    doc,
    resources: [
      rules,
      policy(`${onRules}\nenabled: { value: 0 }\nlimits: [{ name: all, requests: 1, per: 1h }]`),
      resource(
        'tulle.dev/v1alpha1',
        'RateLimitPolicy',
        `${onRules}\nenforced: { value: 0 }\nlimits: [{ name: all, requests: 1, per: 1h }]`,
        '$name-second',
      ),
    ],
    steps: [{ times: 5, expect: {} }],
  },
  {
    title: 'limit: of what a workload asks of others (OUTBOUND)',
    doc,
    resources: [
      policy(`
        selector: { matchLabels: { app: client } }
        direction: OUTBOUND
        limits: [{ name: calls, match: { path: { exact: /calls-of-$name } }, requests: 2, per: 1h }]
      `),
    ],
    steps: [
      { url: 'http://$host/calls-of-$name', times: 3, expect: { status: { 200: 2, 429: 1 }, received: 2 } },
      { from: 'other', url: 'http://$host/calls-of-$name', times: 3, expect: {} },
    ],
  },
];

/** What routes do, in HTTP/1.1, HTTP/2 and gRPC, at sidecars and at gateways: each row is sent in all six ways. */
import { docs, resource } from '../documents.ts';
import { answered, everywhere, failing, to } from '../everywhere.ts';
import type { Scenario } from '../scenario.ts';

const unary = '/test.Echo/Unary';
const port = 'port: { number: 82 }';

export const anyProtocol: readonly Scenario[] = [
  everywhere({
    title: 'every protocol: matches of path, header, query, by value, prefix, pattern and presence',
    doc: docs.virtualService('HTTPMatchRequest'),
    rules: `
      - match: [{ uri: { exact: ${unary} } }, { uri: { regex: "/[0-9]+/of.*" } }]
        ${to('v2')}
      - match: [{ headers: { tenant: { exact: gold } } }, { headers: { trace-bin: {} } }]
        ${to('v3')}
      - match: [{ queryParams: { a: { exact: one } } }, { queryParams: { b: { regex: "[0-9]+" } } }, { queryParams: { c: { prefix: th } } }]
        ${to('v2')}
      - match: [{ uri: { prefix: /test.Echo/ }, withoutHeaders: { plain: { prefix: "y" } } }]
        ${to('v3')}
      - ${to('v1')}
    `,
    steps: () => [
      { url: unary, expect: { version: 'v2', seen: { ':path': unary } } },
      { url: '/12/of/many', expect: { version: 'v2' } },
      { url: '/12x/of', expect: { version: 'v1' } },
      { headers: { tenant: 'gold' }, expect: { version: 'v3' } },
      { headers: { tenant: 'golden' }, expect: { version: 'v1' } },
      { headers: { 'trace-bin': 'AA' }, expect: { version: 'v3' } },
      { url: '/?a=one', expect: { version: 'v2' } },
      { url: '/?b=17', expect: { version: 'v2' } },
      { url: '/?b=17x', expect: { version: 'v1' } },
      { url: '/?c=three', expect: { version: 'v2' } },
      { url: '/?c=two', expect: { version: 'v1' } },
      { url: '/test.Echo/Other', expect: { version: 'v3' } },
      { url: '/test.Echo/Other', headers: { plain: 'yes' }, expect: { version: 'v1' } },
    ],
  }),
  everywhere({
    title: 'every protocol: the method; a gRPC call is a POST',
    doc: docs.virtualService('HTTPMatchRequest'),
    rules: `
      - match: [{ method: { exact: POST } }]
        ${to('v2')}
      - match: [{ method: { regex: "PUT|PATCH" } }]
        ${to('v3')}
      - ${to('v1')}
    `,
    steps: (protocol) => [
      { method: 'POST', expect: { version: 'v2', seen: { ':method': 'POST' } } },
      ...(protocol === 'grpc'
        ? []
        : [
            { method: 'PATCH', expect: { version: 'v3' } },
            { method: 'GET', expect: { version: 'v1' } },
          ]),
    ],
  }),
  everywhere({
    title: 'every protocol: rewrites of path and authority',
    doc: docs.virtualService('HTTPRewrite'),
    rules: `
      - match: [{ uri: { prefix: /old/ } }]
        rewrite: { uri: /new/, authority: inside.test }
        ${to('v1')}
      - match: [{ uri: { prefix: /of/ } }]
        rewrite: { uriRegexRewrite: { match: "^/of/([^/]+)(/.*)$", rewrite: '\\2/\\1' } }
        ${to('v1')}
    `,
    steps: () => [
      { url: '/old/x?y=z', expect: { seen: { ':path': '/new/x?y=z', ':authority': 'inside.test' } } },
      { url: '/of/foo/v1/api?q=1', expect: { seen: { ':path': '/v1/api/foo?q=1' } } },
    ],
  }),
  everywhere({
    title: 'every protocol: redirects and direct answers',
    doc: docs.virtualService('HTTPRoute'),
    rules: `
      - match: [{ uri: { prefix: /moved } }]
        redirect: { uri: /there, authority: new.test, scheme: https, redirectCode: 307 }
      - directResponse: { status: 404, body: { string: none } }
    `,
    steps: (protocol) => [
      {
        url: '/moved',
        expect: answered(protocol, 307, { received: 0, headers: { location: 'https://new.test/there' } }),
      },
      {
        url: '/direct',
        expect: answered(protocol, 404, { received: 0, ...(protocol !== 'grpc' && { body: 'none' }) }),
      },
    ],
  }),
  everywhere({
    title: 'every protocol: header operations of rule and destination',
    doc: docs.virtualService('Headers'),
    rules: `
      - headers:
          request: { set: { x-set: new }, add: { x-add: more }, remove: [x-gone] }
          response: { set: { x-answer: set }, remove: [x-inner] }
        route:
        - destination: { host: $host, ${port}, subset: v1 }
          headers:
            request: { add: { x-for: v1 } }
            response: { add: { x-from: first } }
    `,
    steps: () => [
      {
        headers: { 'x-set': 'old', 'x-add': 'some', 'x-gone': 'here' },
        behave: { fields: { 'x-answer': 'old', 'x-inner': 'secret' } },
        expect: {
          seen: { 'x-set': 'new', 'x-add': /^some, ?more$/, 'x-gone': null, 'x-for': 'v1' },
          headers: { 'x-answer': 'set', 'x-inner': null, 'x-from': 'first' },
        },
      },
    ],
  }),
  everywhere({
    title: 'every protocol: weights',
    doc: docs.virtualService('HTTPRouteDestination'),
    rules: `
      - route:
        - { destination: { host: $host, ${port}, subset: v1 }, weight: 30 }
        - { destination: { host: $host, ${port}, subset: v2 }, weight: 70 }
    `,
    steps: () => [{ times: 80, expect: { shares: { v1: 0.3, v2: 0.7 } } }],
  }),
  everywhere({
    title: 'every protocol: time-outs, of the request and of each try',
    doc: docs.virtualService('HTTPRoute'),
    rules: `
      - match: [{ uri: { prefix: /tries } }]
        retries: { attempts: 2, perTryTimeout: 1s, retryOn: "gateway-error,unavailable" }
        ${to('v1')}
      - timeout: 1s
        retries: { attempts: 0 }
        ${to('v1')}
    `,
    steps: (protocol) => [
      {
        behave: { delayMs: 4000 },
        // A gRPC call tells its deadline: either sidecar may be the one who ends it.
        expect: answered(protocol, 504, {
          atLeastMs: 990,
          received: 1,
          ...(protocol !== 'grpc' && { flags: 'UT' }),
        }),
      },
      // On a machine that stands still a try may end before it comes to the application, or its answer back: one more is spare.
      {
        url: '/tries',
        behave: { delayMs: 9000, first: 1 },
        expect: { received: [2, 3], atLeastMs: 990, ...(protocol === 'grpc' && { grpcStatus: 0 }) },
      },
    ],
  }),
  everywhere({
    title: 'every protocol: retries',
    doc: docs.virtualService('HTTPRetry'),
    rules: `
      - retries: { attempts: 2, retryOn: "5xx,unavailable" }
        ${to('v1')}
    `,
    steps: (protocol) => [
      {
        behave: failing(protocol, 2),
        expect: { received: 3, ...(protocol === 'grpc' && { grpcStatus: 0 }) },
      },
      { behave: failing(protocol), expect: answered(protocol, 503, { received: 3, flags: 'URX' }) },
    ],
  }),
  everywhere({
    title: 'every protocol: injected delays, statuses, gRPC statuses',
    doc: docs.virtualService('HTTPFaultInjection'),
    rules: `
      - match: [{ uri: { prefix: /late } }]
        fault: { delay: { fixedDelay: 0.25s, percentage: { value: 100 } } }
        ${to('v1')}
      - match: [{ uri: { prefix: /grpc } }]
        fault: { abort: { grpcStatus: RESOURCE_EXHAUSTED, percentage: { value: 100 } } }
        ${to('v1')}
      - match: [{ uri: { prefix: /some } }]
        fault: { abort: { httpStatus: 503, percentage: { value: 40 } } }
        retries: { attempts: 0 }
        ${to('v1')}
      - fault: { abort: { httpStatus: 400, percentage: { value: 100 } } }
        ${to('v1')}
    `,
    steps: (protocol) => [
      { url: '/late', expect: { atLeastMs: 240, received: 1, flags: 'DI' } },
      { expect: answered(protocol, 400, { received: 0, flags: 'FI' }) },
      ...(protocol === 'grpc'
        ? [{ url: '/grpc', expect: { grpcStatus: 8, received: 0, flags: 'FI' } }]
        : [{ url: '/some', times: 60, expect: { statusShares: { 503: 0.4, 200: 0.6 } } }]),
    ],
  }),
  everywhere({
    title: 'every protocol: mirrors, each with its share',
    doc: docs.virtualService('HTTPMirrorPolicy'),
    rules: `
      - route: [{ destination: { host: $host, ${port}, subset: v1 } }]
        mirrors:
        - { destination: { host: $host, ${port}, subset: v2 } }
        - { destination: { host: $host, ${port}, subset: v3 }, percentage: { value: 50 } }
    `,
    // Binomial(60, 0.5): 30 ± 3.9; five deviations.
    steps: () => [
      {
        times: 60,
        together: 8,
        expect: {
          version: 'v1',
          receivedBy: { v1: 60, v2: 60, v3: [10, 50] },
          seenBy: { v2: { ':authority': /-shadow(:\d+)?$/ } },
        },
      },
    ],
  }),
  everywhere({
    title: 'every protocol: CORS',
    doc: docs.virtualService('CorsPolicy'),
    rules: `
      - corsPolicy: { allowOrigins: [{ exact: https://example.com }], exposeHeaders: [grpc-status] }
        ${to('v1')}
    `,
    steps: () => [
      {
        headers: { origin: 'https://example.com' },
        expect: {
          received: 1,
          headers: {
            'access-control-allow-origin': 'https://example.com',
            'access-control-expose-headers': 'grpc-status',
          },
        },
      },
      {
        headers: { origin: 'https://elsewhere.test' },
        expect: { headers: { 'access-control-allow-origin': null } },
      },
    ],
  }),
  everywhere({
    title: 'every protocol: consistent hashing by a header',
    doc: docs.destinationRule('LoadBalancerSettings-ConsistentHashLB'),
    policy: 'trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: tenant } } }',
    rules: `
      - route: [{ destination: { host: $host, ${port} } }]
    `,
    steps: () => [
      { times: 8, headers: { tenant: 'gold' }, expect: { versions: 1 } },
      { times: 8, headers: { tenant: 'silver' }, expect: { versions: 1 } },
    ],
  }),
  everywhere({
    title: 'every protocol: more requests at a time than http2MaxRequests are refused',
    doc: docs.destinationRule('ConnectionPoolSettings-HTTPSettings'),
    policy: 'trafficPolicy: { connectionPool: { http: { http2MaxRequests: 2 } } }',
    rules: `
      - retries: { attempts: 0 }
        ${to('v1')}
    `,
    steps: (protocol) => [
      {
        times: 4,
        together: 4,
        behave: { delayMs: 500 },
        expect: protocol === 'grpc' ? { received: 2 } : { status: { 200: 2, 503: 2 }, received: 2 },
      },
    ],
  }),
  everywhere({
    title: 'every protocol: rules of a delegate',
    doc: docs.virtualService('Delegate'),
    rules: `
      - match: [{ uri: { prefix: /shop } }]
        delegate: { name: $name-shop }
      - ${to('v1')}
    `,
    more: [
      `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: $name-shop }
spec:
  http:
  - match: [{ uri: { prefix: /shop/cart } }]
    ${to('v2')}
  - ${to('v3')}
`,
    ],
    steps: () => [
      { url: '/shop/cart/1', expect: { version: 'v2' } },
      { url: '/shop', expect: { version: 'v3' } },
      { url: '/', expect: { version: 'v1' } },
    ],
  }),
  everywhere({
    title: 'every protocol: a rate limit for a VirtualService, by a header',
    doc: docs.envoy('configuration/http/http_filters/local_rate_limit_filter'),
    rules: `
      - ${to('v1')}
    `,
    more: [
      resource(
        'tulle.dev/v1alpha1',
        'RateLimitPolicy',
        'targetRefs: [{ kind: VirtualService, name: $name }]\nlimits: [{ name: tenants, by: [{ header: tenant }], requests: 2, per: 1h }]',
      ),
    ],
    steps: (protocol) => [
      { times: 2, headers: { tenant: protocol }, expect: {} },
      {
        headers: { tenant: protocol },
        expect: answered(protocol, 429, {
          received: 0,
          flags: 'RL',
          headers: { 'x-envoy-ratelimited': 'true' },
        }),
      },
      { headers: { tenant: `not-${protocol}` }, expect: {} },
    ],
  }),
];

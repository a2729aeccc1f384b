/** VirtualService: time-outs and retries. */
import { destinationRule, docs, outsideApplication, subsets, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const all = 'route: [{ destination: { host: $host } }]';
const doc = docs.virtualService('HTTPRetry');
const outsideRoute = 'route: [{ destination: { host: $outside } }]';
const outside = outsideApplication();

export const resilience: readonly Scenario[] = [
  {
    title: 'timeout: 504',
    doc: docs.task('request-timeouts'),
    resources: [
      virtualService(`
        http:
        - timeout: 1s
          ${all}
      `),
    ],
    steps: [
      {
        behave: { delayMs: 4000 },
        expect: { status: 504, atLeastMs: 990, flags: 'UT', body: 'upstream request timeout', received: 1 },
      },
    ],
  },
  {
    title: 'timeout: who is asked is told how long it has',
    doc: docs.envoy('configuration/http/http_filters/router_filter#x-envoy-expected-rq-timeout-ms'),
    resources: [
      outside,
      virtualService(`
        hosts: [$outside]
        http:
        - timeout: 4s
          ${outsideRoute}
      `),
    ],
    steps: [{ url: 'http://$outside/', expect: { seen: { 'x-envoy-expected-rq-timeout-ms': '4000' } } }],
  },
  {
    title: 'timeout: an application may say its own for a request',
    doc: docs.task('request-timeouts'),
    resources: [
      virtualService(`
        http:
        - timeout: 1s
          ${all}
      `),
    ],
    steps: [
      {
        headers: { 'x-envoy-upstream-rq-timeout-ms': '9000' },
        behave: { delayMs: 1200 },
        expect: { seen: { 'x-envoy-upstream-rq-timeout-ms': null, 'x-forwarded-for': null } },
      },
      {
        headers: { 'x-envoy-upstream-rq-timeout-ms': '100' },
        behave: { delayMs: 250 },
        expect: { status: 504, atLeastMs: 95, flags: 'UT' },
      },
      {
        headers: {
          'x-forwarded-for': '198.51.100.7, 10.0.0.1',
          'x-forwarded-proto': 'https',
          'x-request-id': 'theirs',
        },
        expect: {
          seen: {
            'x-forwarded-for': '198.51.100.7, 10.0.0.1',
            'x-forwarded-proto': 'https',
            'x-request-id': 'theirs',
            'x-envoy-internal': null,
          },
        },
      },
    ],
  },
  {
    title: 'retries: an application may ask for more',
    doc: docs.envoy('configuration/http/http_filters/router_filter#x-envoy-retry-on'),
    resources: [],
    steps: [
      {
        headers: { 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': '3' },
        behave: { status: 500, first: 3 },
        expect: { received: 4, seen: { 'x-envoy-retry-on': null, 'x-envoy-max-retries': null } },
      },
    ],
  },
  {
    title: 'timeout: there is none by default',
    doc: docs.concept('timeouts'),
    resources: [],
    steps: [{ behave: { delayMs: 500 }, expect: { seen: { 'x-envoy-expected-rq-timeout-ms': null } } }],
  },
  {
    title: 'retries: by default none when the application has answered, not even 503',
    doc: 'https://istio.io/latest/news/releases/1.24.x/announcing-1.24/change-notes/#traffic-management',
    resources: [],
    steps: [
      { behave: { status: 503, first: 1 }, expect: { status: 503, received: 1 } },
      { behave: { status: 500, first: 1 }, expect: { status: 500, received: 1 } },
    ],
  },
  {
    title: 'retries: attempts 0 is none',
    doc,
    resources: [
      virtualService(`
        http:
        - retries: { attempts: 0 }
          ${all}
      `),
    ],
    steps: [
      {
        kind: 'grpc',
        url: 'http://$host:82/test.Echo/Unary',
        behave: { grpcStatus: 14, first: 1 },
        expect: { grpcStatus: 14, received: 1 },
      },
    ],
  },
  {
    title: 'retries: attempts after the first, retryOn 5xx',
    doc,
    resources: [
      virtualService(`
        http:
        - retries: { attempts: 3, retryOn: 5xx }
          ${all}
      `),
    ],
    steps: [
      { behave: { status: 500, first: 3 }, expect: { received: 4 } },
      { behave: { status: 500 }, expect: { status: 500, received: 4, flags: 'URX' } },
      { behave: { status: 404, first: 1 }, expect: { status: 404, received: 1 } },
    ],
  },
  {
    title: 'retries: retryOn status codes',
    doc,
    resources: [
      virtualService(`
        http:
        - retries: { attempts: 2, retryOn: "418,reset" }
          ${all}
      `),
    ],
    steps: [
      { behave: { status: 418, first: 2 }, expect: { received: 3 } },
      { behave: { status: 503, first: 1 }, expect: { status: 503, received: 1 } },
    ],
  },
  {
    title: 'retries: retryOn gateway-error',
    doc,
    resources: [
      virtualService(`
        http:
        - retries: { attempts: 1, retryOn: gateway-error }
          ${all}
      `),
    ],
    steps: [
      { behave: { status: 502, first: 1 }, expect: { received: 2 } },
      { behave: { status: 504, first: 1 }, expect: { received: 2 } },
      { behave: { status: 500, first: 1 }, expect: { status: 500, received: 1 } },
    ],
  },
  {
    title: 'retries: retryOn retriable-4xx',
    doc,
    resources: [
      virtualService(`
        http:
        - retries: { attempts: 1, retryOn: retriable-4xx }
          ${all}
      `),
    ],
    steps: [
      { behave: { status: 409, first: 1 }, expect: { received: 2 } },
      { behave: { status: 404, first: 1 }, expect: { status: 404, received: 1 } },
    ],
  },
  {
    title: 'retries: a connection that ends before the answer, with retryOn reset; a body is sent again',
    doc,
    resources: [
      outside,
      virtualService(`
        hosts: [$outside]
        http:
        - retries: { attempts: 1, retryOn: reset }
          ${outsideRoute}
      `),
    ],
    steps: [
      {
        method: 'POST',
        body: 'a body',
        url: 'http://$outside/',
        behave: { reset: true, first: 1 },
        expect: { received: 2, seen: { ':method': 'POST', 'content-length': '6' } },
      },
    ],
  },
  {
    title: 'retries: without reset among the conditions such an end is 503',
    doc,
    resources: [
      outside,
      virtualService(`
        hosts: [$outside]
        http:
        - retries: { attempts: 2, retryOn: "503" }
          ${outsideRoute}
      `),
    ],
    steps: [
      {
        url: 'http://$outside/',
        behave: { reset: true, first: 1 },
        expect: { status: 503, received: 1, flags: 'UC', body: /^upstream connect error or disconnect/ },
      },
    ],
  },
  {
    title: 'retries: perTryTimeout',
    doc,
    resources: [
      virtualService(`
        http:
        - retries: { attempts: 2, perTryTimeout: 1s, retryOn: gateway-error }
          ${all}
      `),
    ],
    steps: [
      // On a machine that stands still for a second the second try may be over, too.
      { behave: { delayMs: 9000, first: 1 }, expect: { received: [2, 3], atLeastMs: 990 } },
      { behave: { delayMs: 9000 }, expect: { status: 504, received: 3, atLeastMs: 2_970 } },
    ],
  },
  {
    title: 'retries: within the timeout of the whole request',
    doc,
    resources: [
      virtualService(`
        http:
        - timeout: 2s
          retries: { attempts: 10, perTryTimeout: 1.2s, retryOn: gateway-error }
          ${all}
      `),
    ],
    steps: [
      { behave: { delayMs: 9000 }, expect: { status: 504, received: 2, atLeastMs: 1_990, flags: 'UT' } },
    ],
  },
  {
    title: 'retries: by default two more when the connection is refused',
    doc,
    resources: [outsideApplication('$port')],
    steps: [{ url: 'http://$outside/', expect: { status: 503, received: 0, flags: 'UF,URX' } }],
  },
  {
    title: 'retries: a gRPC status, as answered before any message',
    doc,
    resources: [
      subsets(),
      virtualService(`
        http:
        - retries: { attempts: 2, retryOn: "resource-exhausted" }
          ${all}
      `),
    ],
    steps: [
      {
        kind: 'grpc',
        url: 'http://$host:82/test.Echo/Unary',
        behave: { grpcStatus: 8, first: 2 },
        expect: { grpcStatus: 0, received: 3 },
      },
      {
        kind: 'grpc',
        url: 'http://$host:82/test.Echo/Unary',
        behave: { grpcStatus: 13, first: 1 },
        expect: { grpcStatus: 13, received: 1 },
      },
    ],
  },
  {
    title: 'retries: by default those that a gRPC server calls unavailable',
    doc: docs.mesh('MeshConfig'),
    resources: [],
    steps: [
      {
        kind: 'grpc',
        url: 'http://$host:82/test.Echo/Unary',
        behave: { grpcStatus: 14, first: 2 },
        expect: { grpcStatus: 0, received: 3, seen: { 'x-envoy-attempt-count': '3' } },
      },
      {
        kind: 'grpc',
        url: 'http://$host:82/test.Echo/Unary',
        behave: { grpcStatus: 14 },
        expect: { grpcStatus: 14, received: 3, flags: 'URX' },
      },
    ],
  },
  {
    title: 'retries: another instance is tried than before',
    doc: docs.concept('retries'),
    resources: [
      destinationRule('trafficPolicy: { loadBalancer: { simple: ROUND_ROBIN } }'),
      virtualService(`
        http:
        - retries: { attempts: 1, retryOn: 5xx }
          ${all}
      `),
    ],
    steps: [{ times: 30, behave: { only: 'v1', status: 500 }, expect: { status: 200 } }],
  },
  {
    title: 'timeout: the deadline that a gRPC call brings',
    doc: docs.envoy(
      'api-v3/config/route/v3/route_components.proto#envoy-v3-api-msg-config-route-v3-routeaction-maxstreamduration',
    ),
    resources: [
      virtualService(`
        http:
        - timeout: 10s
          retries: { attempts: 0 }
          ${all}
      `),
    ],
    steps: [
      {
        kind: 'grpc',
        url: 'http://$host:82/test.Echo/Unary',
        headers: { 'grpc-timeout': '1000m' },
        behave: { delayMs: 4000 },
        expect: {
          grpcStatus: 14,
          atLeastMs: 990,
          received: 1,
          seen: { 'grpc-timeout': /^(1000|\d{1,3})m$/ },
        },
      },
    ],
  },
];

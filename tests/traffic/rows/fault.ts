/** VirtualService: injected faults, CORS. */
import { docs, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const all = 'route: [{ destination: { host: $host } }]';
const abort = docs.virtualService('HTTPFaultInjection-Abort');
const delay = docs.virtualService('HTTPFaultInjection-Delay');
const cors = docs.virtualService('CorsPolicy');

export const fault: readonly Scenario[] = [
  {
    title: 'fault: delay of every request',
    doc: delay,
    resources: [
      virtualService(`
        http:
        - fault: { delay: { fixedDelay: 0.4s, percentage: { value: 100 } } }
          ${all}
      `),
    ],
    steps: [{ expect: { atLeastMs: 390, received: 1, flags: 'DI' } }],
  },
  {
    title: 'fault: delay of the requests of one user',
    doc: docs.task('fault-injection'),
    resources: [
      virtualService(`
        http:
        - match: [{ headers: { end-user: { exact: jason } } }]
          fault: { delay: { fixedDelay: 0.4s, percentage: { value: 100 } } }
          ${all}
        - ${all}
      `),
    ],
    steps: [
      { headers: { 'end-user': 'jason' }, expect: { atLeastMs: 390, flags: 'DI' } },
      { expect: { flags: '-' } },
    ],
  },
  {
    title: 'fault: abort of every request; nobody is asked, and it is not tried again',
    doc: abort,
    resources: [
      virtualService(`
        http:
        - fault: { abort: { httpStatus: 503, percentage: { value: 100 } } }
          retries: { attempts: 3, retryOn: 5xx }
          ${all}
      `),
    ],
    steps: [{ expect: { status: 503, body: 'fault filter abort', received: 0, flags: 'FI' } }],
  },
  {
    title: 'fault: abort of a share',
    doc: abort,
    resources: [
      virtualService(`
        http:
        - fault: { abort: { httpStatus: 400, percentage: { value: 20 } } }
          ${all}
      `),
    ],
    steps: [{ times: 200, expect: { statusShares: { 400: 0.2, 200: 0.8 } } }],
  },
  {
    title: 'fault: no percentage given is none aborted',
    doc: docs.virtualService('Percent'),
    resources: [
      virtualService(`
        http:
        - fault: { abort: { httpStatus: 400, percentage: { value: 0 } } }
          ${all}
      `),
    ],
    steps: [{ times: 20, expect: { status: 200 } }],
  },
  {
    title: 'fault: abort with a gRPC status',
    doc: abort,
    resources: [
      virtualService(`
        http:
        - fault: { abort: { grpcStatus: UNAVAILABLE, percentage: { value: 100 } } }
          ${all}
      `),
    ],
    steps: [
      {
        kind: 'grpc',
        url: 'http://$host:82/test.Echo/Unary',
        expect: { grpcStatus: 14, received: 0, flags: 'FI' },
      },
    ],
  },
  {
    title: 'fault: delay and abort of one rule are independent',
    doc: docs.virtualService('HTTPFaultInjection'),
    resources: [
      virtualService(`
        http:
        - fault:
            delay: { fixedDelay: 0.3s, percentage: { value: 100 } }
            abort: { httpStatus: 418, percentage: { value: 100 } }
          ${all}
      `),
    ],
    steps: [{ expect: { status: 418, atLeastMs: 290, received: 0, flags: 'DI,FI' } }],
  },
  {
    title: 'cors: a preflight request is answered by the proxy',
    doc: cors,
    resources: [
      virtualService(`
        http:
        - corsPolicy:
            allowOrigins: [{ exact: https://example.com }]
            allowMethods: [POST, GET]
            allowCredentials: false
            allowHeaders: [X-Foo-Bar, X-Other]
            maxAge: 24h
          ${all}
      `),
    ],
    steps: [
      {
        method: 'OPTIONS',
        headers: { origin: 'https://example.com', 'access-control-request-method': 'POST' },
        expect: {
          status: 200,
          received: 0,
          headers: {
            'access-control-allow-origin': 'https://example.com',
            'access-control-allow-methods': 'POST,GET',
            'access-control-allow-headers': 'X-Foo-Bar,X-Other',
            'access-control-max-age': '86400',
            'access-control-allow-credentials': null,
          },
        },
      },
    ],
  },
  {
    title: 'cors: requests of allowed origins by prefix and regex; credentials and exposed headers',
    doc: cors,
    resources: [
      virtualService(`
        http:
        - corsPolicy:
            allowOrigins: [{ prefix: "https://app." }, { regex: "https://[a-z]+\\\\.example\\\\.org" }]
            allowCredentials: true
            exposeHeaders: [X-Shown]
          ${all}
      `),
    ],
    steps: [
      {
        headers: { origin: 'https://app.example.com' },
        expect: {
          received: 1,
          headers: {
            'access-control-allow-origin': 'https://app.example.com',
            'access-control-allow-credentials': 'true',
            'access-control-expose-headers': 'X-Shown',
          },
        },
      },
      {
        headers: { origin: 'https://shop.example.org' },
        expect: { received: 1, headers: { 'access-control-allow-origin': 'https://shop.example.org' } },
      },
      {
        headers: { origin: 'https://elsewhere.test' },
        expect: { received: 1, headers: { 'access-control-allow-origin': null } },
      },
    ],
  },
  {
    title: 'cors: a preflight request of another origin is forwarded by default',
    doc: docs.virtualService('CorsPolicy-UnmatchedPreflights'),
    resources: [
      virtualService(`
        http:
        - corsPolicy: { allowOrigins: [{ exact: https://example.com }] }
          ${all}
      `),
    ],
    steps: [
      {
        method: 'OPTIONS',
        headers: { origin: 'https://elsewhere.test', 'access-control-request-method': 'POST' },
        expect: { received: 1, headers: { 'access-control-allow-origin': null } },
      },
    ],
  },
  {
    title: 'cors: unmatchedPreflights IGNORE answers it without the headers',
    doc: docs.virtualService('CorsPolicy-UnmatchedPreflights'),
    resources: [
      virtualService(`
        http:
        - corsPolicy: { allowOrigins: [{ exact: https://example.com }], unmatchedPreflights: IGNORE }
          ${all}
      `),
    ],
    steps: [
      {
        method: 'OPTIONS',
        headers: { origin: 'https://elsewhere.test', 'access-control-request-method': 'POST' },
        expect: { status: 200, received: 0, headers: { 'access-control-allow-origin': null } },
      },
    ],
  },
];

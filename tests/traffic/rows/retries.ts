/** VirtualService: what is tried again, where, when; hedging. */
import { destinationRule, docs, halfDown, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const doc = docs.virtualService('HTTPRetry');
const all = 'route: [{ destination: { host: $host } }]';
const unary = 'http://$host:82/test.Echo/Unary';
const near = destinationRule(`
  trafficPolicy:
    loadBalancer: { simple: ROUND_ROBIN, localityLbSetting: { enabled: true } }
    outlierDetection: { consecutive5xxErrors: 100 }
`);
const rule = (retries: string): string =>
  virtualService(`
    http:
    - retries: ${retries}
      ${all}
  `);

/** A rule whose attempts are hedged. */
const hedged = (retries: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: $name, annotations: { tulle.dev/hedge-on-per-try-timeout: "true" } }
spec:
  hosts: [$host]
  http:
  - retries: ${retries}
    ${all}
`;
const hedging = docs.envoy('intro/arch_overview/http/http_routing#arch-overview-http-routing-hedging');

/** A gRPC status that is tried again under its own name, and under no other. */
const ofGrpc = (condition: string, grpcStatus: number, other: string): Scenario => ({
  title: `retries: retryOn ${condition}`,
  doc: docs.envoy('configuration/http/http_filters/router_filter#x-envoy-retry-grpc-on'),
  resources: [
    virtualService(`
      http:
      - match: [{ uri: { prefix: /test.Echo/ } }]
        retries: { attempts: 1, retryOn: ${condition} }
        ${all}
      - retries: { attempts: 1, retryOn: ${other} }
        ${all}
    `),
  ],
  steps: [
    { kind: 'grpc', url: unary, behave: { grpcStatus, first: 1 }, expect: { grpcStatus: 0, received: 2 } },
    {
      kind: 'grpc',
      url: 'http://$host:82/test.Other/Unary',
      behave: { grpcStatus, first: 1 },
      expect: { grpcStatus, received: 1 },
    },
  ],
});

export const retries: readonly Scenario[] = [
  {
    title: 'retries: stay in the caller’s locality unless retryRemoteLocalities',
    doc,
    resources: [near, rule('{ attempts: 3, retryOn: 5xx }')],
    steps: [
      { from: 'near', behave: { only: 'v1', status: 500 }, expect: { status: 500, receivedBy: { v1: 4 } } },
    ],
  },
  {
    title: 'retries: retryRemoteLocalities goes to the next',
    doc,
    resources: [near, rule('{ attempts: 3, retryOn: 5xx, retryRemoteLocalities: true }')],
    steps: [{ from: 'near', times: 4, behave: { only: 'v1', status: 500 }, expect: { status: 200 } }],
  },
  {
    title: 'retries: retryIgnorePreviousHosts: false asks the same instance again',
    doc,
    resources: [
      destinationRule('trafficPolicy: { loadBalancer: { simple: RANDOM } }'),
      rule('{ attempts: 1, retryOn: 5xx, retryIgnorePreviousHosts: false }'),
    ],
    // v1 alone fails, a third of the draws: both of a request's attempts in a ninth. Where those tried before are left
    // out, none fails.
    steps: [
      {
        times: 240,
        behave: { only: 'v1', status: 500 },
        expect: { statusShares: { 500: 1 / 9, 200: 8 / 9 } },
      },
    ],
  },
  {
    title: 'retries: backoff is the least time between attempts, drawn from none to as much',
    doc,
    resources: [rule('{ attempts: 1, retryOn: 5xx, backoff: 0.6s }')],
    // None of twelve above a quarter: (1/4)^12 = 6e-8.
    steps: [
      {
        times: 12,
        together: 12,
        behave: { status: 500, first: 1 },
        expect: { slowestAtLeastMs: 140, received: 24 },
      },
    ],
  },
  {
    title: 'retries: retryOn connect-failure finds the instance that is there',
    doc,
    resources: [
      halfDown,
      virtualService(`
        hosts: [$outside]
        http:
        - retries: { attempts: 2, retryOn: connect-failure }
          route: [{ destination: { host: $outside } }]
      `),
    ],
    steps: [{ url: 'http://$outside/', times: 8, expect: { version: 'out1' } }],
  },
  {
    title: 'retries: retryOn envoy-ratelimited, and retriable-status-codes that the caller names',
    doc: docs.envoy('configuration/http/http_filters/router_filter#x-envoy-retry-on'),
    resources: [rule('{ attempts: 1, retryOn: "envoy-ratelimited,retriable-status-codes" }')],
    steps: [
      {
        behave: { status: 429, fields: { 'x-envoy-ratelimited': 'true' }, first: 1 },
        expect: { received: 2 },
      },
      {
        headers: { 'x-envoy-retriable-status-codes': '418' },
        behave: { status: 418, first: 1 },
        expect: { received: 2 },
      },
      { behave: { status: 418, first: 1 }, expect: { status: 418, received: 1 } },
    ],
  },
  ofGrpc('cancelled', 1, 'internal'),
  ofGrpc('deadline-exceeded', 4, 'cancelled'),
  ofGrpc('internal', 13, 'deadline-exceeded'),
  ofGrpc('unavailable', 14, 'resource-exhausted'),
  {
    title: 'hedging: an attempt beyond perTryTimeout goes on beside the next; the first answer counts',
    doc: hedging,
    resources: [hedged('{ attempts: 1, perTryTimeout: 0.4s, retryOn: 5xx }')],
    // Both take longer than an attempt may: without hedging it would be 504.
    steps: [
      { behave: { delayMs: 1500 }, expect: { status: 200, received: 2, atLeastMs: 1_490 } },
      { behave: { delayMs: 9000, first: 1 }, expect: { status: 200, received: 2, atLeastMs: 390 } },
    ],
  },
  {
    title: 'hedging: of gRPC calls',
    doc: hedging,
    resources: [hedged('{ attempts: 1, perTryTimeout: 0.4s, retryOn: unavailable }')],
    steps: [
      {
        kind: 'grpc',
        url: unary,
        behave: { delayMs: 1500 },
        expect: { grpcStatus: 0, received: 2, atLeastMs: 1_490 },
      },
    ],
  },
];

/** Fields of one hop, odd names, limits; what the proxy adds to requests and answers. */
import type { HygieneCase } from '../case.ts';

const edge = { useRemoteAddress: true };
const httpDate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

export const messageCases: readonly HygieneCase[] = [
  // hop by hop
  {
    name: 'hop by hop: Keep-Alive, Proxy-Connection',
    request: ['Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive'],
    upstream: { 'keep-alive': null, 'proxy-connection': null },
  },
  {
    name: 'hop by hop: TE: trailers is passed on, other codings are not',
    request: ['TE: trailers, deflate;q=0.5'],
    upstream: { te: 'trailers' },
  },
  { name: 'hop by hop: TE of codings', request: ['TE: deflate'], upstream: { te: null } },
  {
    name: 'hop by hop: fields that Connection names (RFC 9110 section 7.6.1)',
    request: ['Connection: keep-alive, X-Hop', 'X-Hop: 1', 'X-End: 2'],
    upstream: { 'x-hop': null, 'x-end': '2' },
  },
  {
    name: 'hop by hop: in the answer',
    response: ['Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'X-End: 1'],
    upstream: {},
    downstream: { 'keep-alive': null, 'proxy-connection': null, 'x-end': '1' },
  },

  // underscores
  { name: 'underscores: allowed', request: ['X_Under: 1'], upstream: { x_under: '1' } },
  {
    name: 'underscores: dropped',
    manager: { commonHttpProtocolOptions: { headersWithUnderscoresAction: 'DROP_HEADER' } },
    request: ['X_Under: 1', 'X-Dash: 2'],
    upstream: { x_under: null, 'x-dash': '2' },
  },
  {
    name: 'underscores: refused',
    manager: { commonHttpProtocolOptions: { headersWithUnderscoresAction: 'REJECT_REQUEST' } },
    request: ['X_Under: 1'],
    status: 400,
  },

  // limits
  {
    name: 'limits: more than 100 fields',
    request: Array.from({ length: 100 }, (_, i) => `X-Field-${i}: 1`),
    status: 431,
  },
  {
    name: 'limits: max_headers_count',
    manager: { commonHttpProtocolOptions: { maxHeadersCount: 5 } },
    request: Array.from({ length: 5 }, (_, i) => `X-Field-${i}: 1`),
    status: 431,
  },
  {
    name: 'limits: max_request_headers_kb',
    manager: { maxRequestHeadersKb: 1 },
    request: [`X-Long: ${'a'.repeat(1100)}`],
    status: 431,
  },

  // what the proxy says of the request
  {
    name: 'x-envoy-expected-rq-timeout-ms from the route’s timeout',
    action: { timeout: '7s' },
    upstream: { 'x-envoy-expected-rq-timeout-ms': '7000' },
  },
  {
    name: 'no time-out: nothing expected',
    action: { timeout: '0s' },
    upstream: { 'x-envoy-expected-rq-timeout-ms': null },
  },
  {
    name: 'attempt count, both ways',
    virtualHost: { includeRequestAttemptCount: true, includeAttemptCountInResponse: true },
    upstream: { 'x-envoy-attempt-count': '1' },
    downstream: { 'x-envoy-attempt-count': '1' },
  },
  {
    name: 'edge: an attempt count from outside is removed',
    request: ['X-Envoy-Attempt-Count: 7'],
    manager: edge,
    upstream: { 'x-envoy-attempt-count': null },
    envoy: {
      because: 'Envoy believes an attempt count of anybody',
      upstream: { 'x-envoy-attempt-count': '7' },
    },
  },
  {
    name: 'a rewritten path leaves the original',
    prefix: '/old',
    action: { prefixRewrite: '/new' },
    target: '/old/x?y',
    upstream: { ':path': '/new/x?y', 'x-envoy-original-path': '/old/x?y' },
  },
  {
    name: 'a rewritten host',
    action: { hostRewriteLiteral: 'inside.example', appendXForwardedHost: true },
    upstream: { ':authority': 'inside.example', 'x-forwarded-host': 'edge.example' },
  },

  // the answer
  {
    name: 'server: overwritten',
    manager: { serverName: 'edge' },
    response: ['Server: app'],
    upstream: {},
    downstream: { server: 'edge' },
  },
  {
    name: 'server: added where absent',
    manager: { serverName: 'edge', serverHeaderTransformation: 'APPEND_IF_ABSENT' },
    response: ['Server: app'],
    upstream: {},
    downstream: { server: 'app' },
  },
  {
    name: 'server: absent, so added',
    manager: { serverName: 'edge', serverHeaderTransformation: 'APPEND_IF_ABSENT' },
    upstream: {},
    downstream: { server: 'edge' },
  },
  {
    name: 'server: passed through',
    manager: { serverHeaderTransformation: 'PASS_THROUGH' },
    upstream: {},
    downstream: { server: null },
  },
  { name: 'date: added', upstream: {}, downstream: { date: httpDate } },
  {
    name: 'date: the origin’s is kept',
    response: ['Date: Tue, 15 Nov 1994 08:12:31 GMT'],
    upstream: {},
    downstream: { date: 'Tue, 15 Nov 1994 08:12:31 GMT' },
  },
  {
    name: 'via',
    manager: { via: 'edge' },
    request: ['Via: 1.1 before'],
    response: ['Via: 1.1 app'],
    upstream: { via: '1.1 before, edge' },
    downstream: { via: '1.1 app, edge' },
  },
  {
    name: 'upstream service time',
    response: ['X-Envoy-Upstream-Service-Time: 9999'],
    upstream: {},
    downstream: { 'x-envoy-upstream-service-time': /^\d{1,3}$/ },
  },
];

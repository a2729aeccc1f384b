/** What a proxy says of the client: addresses, scheme, and the x-envoy fields that only it may set. */
import type { Expected, HygieneCase } from '../case.ts';

const edge = { useRemoteAddress: true };
const behindOne = { useRemoteAddress: true, xffNumTrustedHops: 1 };
/** A random UUID, version 4. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Envoy writes its own address for a client on loopback. */
const ownAddress = (before: string, more: Expected = {}): NonNullable<HygieneCase['envoy']> => ({
  because: 'for a client on loopback Envoy writes its own address',
  upstream: { ...more, 'x-forwarded-for': new RegExp(`^${before}[0-9.]+$`) },
});

export const clientCases: readonly HygieneCase[] = [
  // x-forwarded-for
  {
    name: 'inside: x-forwarded-for is the caller’s business',
    request: ['X-Forwarded-For: 203.0.113.7'],
    upstream: { 'x-forwarded-for': '203.0.113.7' },
  },
  { name: 'inside: none is made', upstream: { 'x-forwarded-for': null } },
  {
    name: 'edge: the client’s address is appended',
    manager: edge,
    request: ['X-Forwarded-For: 203.0.113.7'],
    upstream: { 'x-forwarded-for': '203.0.113.7,127.0.0.1' },
    envoy: ownAddress('203.0.113.7,'),
  },
  {
    name: 'edge: the client’s address',
    manager: edge,
    upstream: { 'x-forwarded-for': '127.0.0.1' },
    envoy: ownAddress(''),
  },
  {
    name: 'edge: several x-forwarded-for lines are one list',
    manager: edge,
    request: ['X-Forwarded-For: 203.0.113.7', 'X-Forwarded-For: 203.0.113.8'],
    upstream: { 'x-forwarded-for': /^203\.0\.113\.7, ?203\.0\.113\.8,127\.0\.0\.1$/ },
    envoy: ownAddress('203.0.113.7,203.0.113.8,'),
  },
  {
    name: 'skip_xff_append',
    manager: { ...edge, skipXffAppend: true },
    request: ['X-Forwarded-For: 203.0.113.7'],
    upstream: { 'x-forwarded-for': '203.0.113.7' },
  },
  {
    name: 'append_x_forwarded_port',
    manager: { ...edge, appendXForwardedPort: true },
    request: ['X-Forwarded-Port: 1'],
    upstream: { 'x-forwarded-port': /^\d{4,5}$/ },
  },
  {
    name: 'append_x_forwarded_port, behind one: theirs is kept',
    manager: { ...behindOne, appendXForwardedPort: true },
    request: ['X-Forwarded-Port: 443'],
    upstream: { 'x-forwarded-port': '443' },
  },

  // x-forwarded-proto
  {
    name: 'edge: x-forwarded-proto is ours',
    manager: edge,
    request: ['X-Forwarded-Proto: https'],
    upstream: { 'x-forwarded-proto': 'http' },
  },
  {
    name: 'behind one: x-forwarded-proto is the trusted proxy’s',
    manager: behindOne,
    request: ['X-Forwarded-For: 203.0.113.7', 'X-Forwarded-Proto: https'],
    upstream: { 'x-forwarded-proto': 'https' },
  },
  { name: 'behind one: none is made up', manager: behindOne, upstream: { 'x-forwarded-proto': 'http' } },
  {
    name: 'inside: x-forwarded-proto is kept',
    request: ['X-Forwarded-Proto: https'],
    upstream: { 'x-forwarded-proto': 'https' },
  },
  { name: 'inside: x-forwarded-proto is added', upstream: { 'x-forwarded-proto': 'http' } },

  // who the client is: x-envoy-external-address, x-envoy-internal
  {
    name: 'edge: what a client says of itself is not believed',
    manager: edge,
    request: ['X-Envoy-Internal: true', 'X-Envoy-External-Address: 198.51.100.1'],
    upstream: { 'x-envoy-internal': null, 'x-envoy-external-address': '127.0.0.1' },
  },
  {
    name: 'behind one: the trusted client is the last but one',
    manager: behindOne,
    request: ['X-Forwarded-For: 198.51.100.9, 203.0.113.7'],
    upstream: {
      'x-forwarded-for': '198.51.100.9, 203.0.113.7,127.0.0.1',
      'x-envoy-external-address': '203.0.113.7',
    },
    envoy: ownAddress('198.51.100.9, 203.0.113.7,', { 'x-envoy-external-address': '203.0.113.7' }),
  },
  {
    name: 'behind two: the trusted client is the last but two',
    manager: { useRemoteAddress: true, xffNumTrustedHops: 2 },
    request: ['X-Forwarded-For: 198.51.100.9, 203.0.113.7'],
    upstream: { 'x-envoy-external-address': '198.51.100.9' },
  },
  {
    name: 'behind two, but the list is short: the connection’s own address',
    manager: { useRemoteAddress: true, xffNumTrustedHops: 2 },
    request: ['X-Forwarded-For: 203.0.113.7'],
    upstream: { 'x-envoy-external-address': '127.0.0.1' },
  },
  {
    name: 'edge: a client of a range that counts as internal',
    manager: {
      ...edge,
      internalAddressConfig: { cidrRanges: [{ addressPrefix: '127.0.0.0', prefixLen: 8 }] },
    },
    request: ['X-Envoy-Max-Retries: 9', 'X-Request-Id: theirs'],
    upstream: {
      'x-envoy-internal': 'true',
      'x-envoy-external-address': null,
      'x-request-id': 'theirs',
    },
  },
  {
    name: 'behind one: a client of the net behind an internal proxy is external',
    manager: {
      ...behindOne,
      internalAddressConfig: { cidrRanges: [{ addressPrefix: '127.0.0.0', prefixLen: 8 }] },
    },
    request: ['X-Forwarded-For: 203.0.113.7', 'X-Envoy-Original-Path: /secret'],
    upstream: {
      'x-envoy-internal': null,
      'x-envoy-external-address': '203.0.113.7',
      'x-envoy-original-path': null,
    },
  },

  // x-envoy-* from outside
  ...[
    'x-envoy-decorator-operation',
    'x-envoy-downstream-service-cluster',
    'x-envoy-downstream-service-node',
    'x-envoy-expected-rq-timeout-ms',
    'x-envoy-force-trace',
    'x-envoy-hedge-on-per-try-timeout',
    'x-envoy-ip-tags',
    'x-envoy-max-retries',
    'x-envoy-original-path',
    'x-envoy-original-url',
    'x-envoy-retriable-header-names',
    'x-envoy-retriable-status-codes',
    'x-envoy-retry-grpc-on',
    'x-envoy-retry-on',
    'x-envoy-upstream-alt-stat-name',
    'x-envoy-upstream-rq-per-try-timeout-ms',
    'x-envoy-upstream-rq-timeout-alt-response',
    'x-envoy-upstream-rq-timeout-ms',
  ].map(
    (name): HygieneCase => ({
      name: `edge: ${name} from outside is removed`,
      manager: edge,
      action: { timeout: '0s' },
      request: [`${name}: 1`],
      upstream: { [name]: null },
    }),
  ),

  // x-request-id
  { name: 'inside: an id is made', upstream: { 'x-request-id': uuid } },
  {
    name: 'inside: an id is kept',
    request: ['X-Request-Id: theirs'],
    upstream: { 'x-request-id': 'theirs' },
  },
  {
    name: 'edge: an id from outside is replaced',
    manager: edge,
    request: ['X-Request-Id: theirs'],
    upstream: { 'x-request-id': uuid },
  },
  {
    name: 'edge: preserve_external_request_id',
    manager: { ...edge, preserveExternalRequestId: true },
    request: ['X-Request-Id: theirs'],
    upstream: { 'x-request-id': 'theirs' },
  },
  {
    name: 'generate_request_id: false',
    manager: { generateRequestId: false },
    upstream: { 'x-request-id': null },
  },
  {
    name: 'always_set_request_id_in_response',
    manager: { alwaysSetRequestIdInResponse: true },
    request: ['X-Request-Id: theirs'],
    upstream: { 'x-request-id': 'theirs' },
    downstream: { 'x-request-id': 'theirs' },
  },
];

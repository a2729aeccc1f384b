import type { Expected, HygieneCase } from './case.ts';
import { edgeUri } from './certificates.ts';

const edge = { useRemoteAddress: true };
const behindOne = { useRemoteAddress: true, xffNumTrustedHops: 1 };
/** A random UUID, version 4. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const hash = '[0-9a-f]{64}';
/** Of the client in `certificates.ts`, as Envoy's documentation of x-forwarded-client-cert has it. */
const ownElement = [
  `By=${edgeUri}`,
  `Hash=${hash}`,
  'Subject="CN=alice"',
  'URI=https://partners\\.test/alice',
  'URI=urn:partners:alice',
  'DNS=alice\\.test',
  'DNS=\\*\\.alice\\.test',
].join(';');
const httpDate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** Envoy writes its own address for a client on loopback. */
const ownAddress = (before: string, more: Expected = {}): NonNullable<HygieneCase['envoy']> => ({
  because: 'for a client on loopback Envoy writes its own address',
  upstream: { ...more, 'x-forwarded-for': new RegExp(`^${before}[0-9.]+$`) },
});

/** Envoy: "HTTP header manipulation" and "HTTP header sanitizing". Clients are at 127.0.0.1. */
export const cases: readonly HygieneCase[] = [
  // --- x-forwarded-for ---------------------------------------------------------------------------------------
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

  // --- x-forwarded-proto -------------------------------------------------------------------------------------
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

  // --- who the client is: x-envoy-external-address, x-envoy-internal -----------------------------------------
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

  // --- x-envoy-* from outside --------------------------------------------------------------------------------
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

  // --- x-request-id ------------------------------------------------------------------------------------------
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

  // --- x-forwarded-client-cert without a client certificate --------------------------------------------------
  ...(['SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET'] as const).map(
    (mode): HygieneCase => ({
      name: `x-forwarded-client-cert from a client without certificate: ${mode}`,
      manager: { forwardClientCertDetails: mode },
      request: ['X-Forwarded-Client-Cert: By=spiffe://a/b;Hash=0'],
      upstream: { 'x-forwarded-client-cert': null },
    }),
  ),
  {
    name: 'x-forwarded-client-cert from a client without certificate: ALWAYS_FORWARD_ONLY',
    manager: { forwardClientCertDetails: 'ALWAYS_FORWARD_ONLY' },
    request: ['X-Forwarded-Client-Cert: By=spiffe://a/b;Hash=0'],
    upstream: { 'x-forwarded-client-cert': 'By=spiffe://a/b;Hash=0' },
  },

  // --- x-forwarded-client-cert with a client certificate ------------------------------------------------------
  ...(
    [
      ['SANITIZE', null],
      ['FORWARD_ONLY', 'By=spiffe://a/b;Hash=0'],
      ['APPEND_FORWARD', new RegExp(`^By=spiffe://a/b;Hash=0,${ownElement}$`)],
      ['SANITIZE_SET', new RegExp(`^${ownElement}$`)],
      ['ALWAYS_FORWARD_ONLY', 'By=spiffe://a/b;Hash=0'],
    ] as const
  ).map(
    ([mode, expected]): HygieneCase => ({
      name: `x-forwarded-client-cert from a client with a certificate: ${mode}`,
      tls: 'certificate',
      manager: {
        forwardClientCertDetails: mode,
        setCurrentClientCertDetails: { subject: true, uri: true, dns: true },
      },
      request: ['X-Forwarded-Client-Cert: By=spiffe://a/b;Hash=0'],
      upstream: { 'x-forwarded-client-cert': expected },
    }),
  ),
  {
    name: 'x-forwarded-client-cert: what is said of a certificate when nothing is asked for',
    tls: 'certificate',
    manager: { forwardClientCertDetails: 'SANITIZE_SET' },
    upstream: { 'x-forwarded-client-cert': new RegExp(`^By=${edgeUri};Hash=${hash}$`) },
  },
  {
    name: 'x-forwarded-client-cert: the certificate itself, as PEM in percent-encoding',
    tls: 'certificate',
    manager: { forwardClientCertDetails: 'SANITIZE_SET', setCurrentClientCertDetails: { cert: true } },
    upstream: {
      'x-forwarded-client-cert': new RegExp(
        `^By=${edgeUri};Hash=${hash};Cert="-----BEGIN%20CERTIFICATE-----%0A[A-Za-z0-9%]+-----END%20CERTIFICATE-----%0A"$`,
      ),
    },
  },
  {
    name: 'x-forwarded-client-cert: all that Istio’s gateways say',
    tls: 'certificate',
    manager: {
      forwardClientCertDetails: 'SANITIZE_SET',
      setCurrentClientCertDetails: { subject: true, cert: true, uri: true, dns: true },
    },
    upstream: {
      'x-forwarded-client-cert': new RegExp(
        `^By=${edgeUri};Hash=${hash};Cert="[^"]+";${ownElement.slice(ownElement.indexOf('Subject='))}$`,
      ),
    },
  },
  {
    name: 'x-forwarded-client-cert: of a certificate without a URI',
    tls: 'certificate without URI',
    manager: {
      forwardClientCertDetails: 'SANITIZE_SET',
      setCurrentClientCertDetails: { subject: true, uri: true, dns: true },
    },
    upstream: {
      'x-forwarded-client-cert': new RegExp(
        `^By=${edgeUri};Hash=${hash};Subject="CN=bob";URI=;DNS=bob\\.test$`,
      ),
    },
  },
  {
    name: 'x-forwarded-client-cert: over TLS without a certificate nothing is said',
    tls: 'no certificate',
    manager: { forwardClientCertDetails: 'APPEND_FORWARD', setCurrentClientCertDetails: { subject: true } },
    request: ['X-Forwarded-Client-Cert: By=spiffe://a/b;Hash=0'],
    upstream: { 'x-forwarded-client-cert': null },
  },

  // --- the path ----------------------------------------------------------------------------------------------
  { name: 'path: as it came', target: '/a/../b//c?d=/../e', upstream: { ':path': '/a/../b//c?d=/../e' } },
  {
    name: 'path: dot segments',
    manager: { normalizePath: true },
    target: '/a/./b/../c?d=/../e',
    upstream: { ':path': '/a/c?d=/../e' },
  },
  {
    name: 'path: encoded dot segments',
    manager: { normalizePath: true },
    target: '/a/%2e%2E/b',
    upstream: { ':path': '/b' },
  },
  {
    name: 'path: backslashes',
    manager: { normalizePath: true },
    target: '/a\\..\\b',
    upstream: { ':path': '/b' },
  },
  {
    name: 'path: unreserved characters are decoded',
    manager: { normalizePath: true },
    target: '/%61%2D%7e',
    upstream: { ':path': '/a-~' },
  },
  {
    name: 'path: reserved characters stay encoded',
    manager: { normalizePath: true },
    target: '/a%2Fb%3Fc%25',
    upstream: { ':path': '/a%2Fb%3Fc%25' },
  },
  {
    name: 'path: above the root',
    manager: { normalizePath: true },
    target: '/../a',
    status: 400,
    envoy: {
      because: 'Envoy takes it for /a; a client that means well never asks so',
      upstream: { ':path': '/a' },
    },
  },
  {
    name: 'path: merge_slashes',
    manager: { mergeSlashes: true },
    target: '//a///b?c=//d',
    upstream: { ':path': '/a/b?c=//d' },
  },
  {
    name: 'path: escaped slashes kept',
    manager: { pathWithEscapedSlashesAction: 'KEEP_UNCHANGED' },
    target: '/a%2fb%5Cc',
    upstream: { ':path': '/a%2fb%5Cc' },
  },
  {
    name: 'path: escaped slashes refused',
    manager: { pathWithEscapedSlashesAction: 'REJECT_REQUEST' },
    target: '/a%2fb',
    status: 400,
  },
  {
    name: 'path: escaped backslashes refused',
    manager: { pathWithEscapedSlashesAction: 'REJECT_REQUEST' },
    target: '/a%5Cb',
    status: 400,
  },
  {
    name: 'path: escaped slashes in the query are no path',
    manager: { pathWithEscapedSlashesAction: 'REJECT_REQUEST' },
    target: '/a?b=%2f',
    upstream: { ':path': '/a?b=%2f' },
  },
  {
    name: 'path: escaped slashes unescaped and redirected to',
    manager: { pathWithEscapedSlashesAction: 'UNESCAPE_AND_REDIRECT' },
    target: '/a%2fb?c=d',
    status: 307,
    downstream: { location: '/a/b?c=d' },
  },
  {
    name: 'path: escaped slashes unescaped, then merged and normalised',
    manager: {
      pathWithEscapedSlashesAction: 'UNESCAPE_AND_FORWARD',
      normalizePath: true,
      mergeSlashes: true,
    },
    target: '/a%2f%2Fb%2f..%5Cc',
    upstream: { ':path': '/a/c' },
  },
  { name: 'path: a fragment is refused', target: '/a#b', status: 400 },

  // --- the host ----------------------------------------------------------------------------------------------
  {
    name: 'host: as it came',
    host: 'Edge.Example:8080',
    upstream: { ':authority': 'Edge.Example:8080' },
  },
  {
    name: 'host: strip_any_host_port',
    manager: { stripAnyHostPort: true },
    host: 'edge.example:8080',
    upstream: { ':authority': 'edge.example' },
  },
  {
    name: 'host: strip_trailing_host_dot',
    manager: { stripTrailingHostDot: true },
    host: 'edge.example.:8080',
    upstream: { ':authority': 'edge.example:8080' },
  },
  {
    name: 'host: of an absolute-form target, not of the field (RFC 9112 section 3.2.2)',
    target: 'http://edge.example/a?b',
    host: 'other.example',
    upstream: { ':authority': 'edge.example', ':path': '/a?b' },
  },
  { name: 'host: none', host: '', status: 400 },

  // --- hop by hop --------------------------------------------------------------------------------------------
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

  // --- underscores -------------------------------------------------------------------------------------------
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

  // --- limits ------------------------------------------------------------------------------------------------
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

  // --- what the proxy says of the request --------------------------------------------------------------------
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

  // --- the answer --------------------------------------------------------------------------------------------
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

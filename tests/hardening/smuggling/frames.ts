import type { FrameCase } from './case.ts';

type Fields = FrameCase['fields'];

const admin = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n';
const h2 = 'https://portswigger.net/research/http2';
const protocolError = 1;

/** The pseudo fields of a request, some of them otherwise. */
function pseudo(method: string, more: Readonly<Record<string, string>> = {}): Fields {
  const fields = { ':method': method, ':scheme': 'http', ':path': '/', ':authority': 'a', ...more };
  return Object.entries(fields).filter(([, value]) => value !== 'absent');
}

const get = pseudo('GET');
const post = pseudo('POST');

const refused = (
  group: string,
  name: string,
  fields: Fields,
  source: string,
  more: Partial<FrameCase> = {},
): FrameCase => ({
  group,
  name,
  fields,
  source,
  upstream: [],
  ...(more.status === undefined ? { reset: protocolError } : {}),
  ...more,
});

const passed = (
  group: string,
  name: string,
  fields: Fields,
  upstream: readonly string[],
  source: string,
  more: Partial<FrameCase> = {},
): FrameCase => ({
  group,
  name,
  fields,
  source,
  upstream,
  ...more,
});

export const frameCases: readonly FrameCase[] = [
  // A length that HTTP/2 does not need and HTTP/1.1 believes.
  refused(
    'H2.CL',
    'a length of zero and a request as body',
    [...post, ['content-length', '0']],
    `${h2}#h2.cl, CVE-2021-21295 (Netty)`,
    { data: [admin] },
  ),
  refused('H2.CL', 'a length shorter than the body', [...post, ['content-length', '4']], `${h2}#h2.cl`, {
    data: ['hello'],
  }),
  refused('H2.CL', 'a length longer than the body', [...post, ['content-length', '50']], `${h2}#h2.cl`, {
    data: ['hello'],
  }),
  refused('H2.CL', 'a length and no body', [...post, ['content-length', '5']], 'CVE-2021-21409 (Netty)'),
  refused('H2.CL', 'two different lengths', [...post, ['content-length', '5'], ['content-length', '0']], h2, {
    data: ['hello'],
  }),
  refused('H2.CL', 'two equal lengths', [...post, ['content-length', '5'], ['content-length', '5']], h2, {
    data: ['hello'],
  }),
  refused('H2.CL', 'a list of lengths', [...post, ['content-length', '5, 5']], h2, { data: ['hello'] }),
  refused('H2.CL', 'a length with a sign', [...post, ['content-length', '+5']], 'CVE-2021-32715 (hyper)', {
    data: ['hello'],
  }),
  refused('H2.CL', 'an empty length', [...post, ['content-length', '']], 'CVE-2023-40225 (HAProxy)', {
    data: ['hello'],
  }),
  refused('H2.CL', 'a length in the trailer', [...post], 'RFC 9110 section 6.5.1', {
    data: ['hello'],
    trailers: [['content-length', '0']],
  }),
  passed(
    'H2.CL',
    'a length that is right',
    [...post, ['content-length', '5']],
    ['POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\nhello'],
    'RFC 9113 section 8.1.1',
    { data: ['hel', 'lo'] },
  ),
  passed(
    'H2.CL',
    'no length: chunks',
    [...post],
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
    'RFC 9112 section 6.1',
    { data: ['hello'] },
  ),
  passed(
    'H2.CL',
    'a request as the body of a GET',
    [...get, ['content-length', String(admin.length)]],
    [`GET / HTTP/1.1\r\nHost: a\r\ncontent-length: ${admin.length}\r\n\r\n${admin}`],
    h2,
    { data: [admin] },
  ),
  passed('H2.0', 'no body: no length', [...get], ['GET / HTTP/1.1\r\nHost: a\r\n\r\n'], h2),
  passed(
    'H2.0',
    'a POST without a body says so',
    [...post],
    ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
    'RFC 9110 section 8.6',
  ),

  // Fields of HTTP/1.1's connections.
  refused('H2.TE', 'transfer-encoding: chunked', [...post, ['transfer-encoding', 'chunked']], `${h2}#h2.te`, {
    data: [`0\r\n\r\n${admin}`],
  }),
  refused(
    'H2.TE',
    'Transfer-Encoding in capitals',
    [...post, ['Transfer-Encoding', 'chunked']],
    'RFC 9113 section 8.2.1',
    { data: [`0\r\n\r\n${admin}`] },
  ),
  refused('H2.TE', 'in the trailer', [...post], 'RFC 9113 section 8.2.2', {
    data: ['hello'],
    trailers: [['transfer-encoding', 'chunked']],
  }),
  refused('H2.TE', 'connection', [...post, ['connection', 'transfer-encoding']], 'RFC 9113 section 8.2.2'),
  refused('H2.TE', 'upgrade', [...get, ['upgrade', 'h2c']], 'RFC 9113 section 8.2.2'),
  refused('H2.TE', 'keep-alive', [...get, ['keep-alive', 'timeout=5']], 'RFC 9113 section 8.2.2'),
  refused(
    'H2.TE',
    'proxy-connection',
    [...get, ['proxy-connection', 'keep-alive']],
    'RFC 9113 section 8.2.2',
  ),
  refused('H2.TE', 'te other than trailers', [...get, ['te', 'gzip']], 'RFC 9113 section 8.2.2'),
  passed(
    'H2.TE',
    'te: trailers',
    [...get, ['te', 'trailers']],
    ['GET / HTTP/1.1\r\nHost: a\r\nte: trailers\r\n\r\n'],
    'RFC 9113 section 8.2.2',
  ),

  // Bytes that would start a line of their own.
  refused(
    'H2 injection',
    'CR LF in a value',
    [...post, ['x', 'a\r\ntransfer-encoding: chunked']],
    `${h2}#header-injection`,
    { data: [`0\r\n\r\n${admin}`] },
  ),
  refused('H2 injection', 'LF in a value', [...get, ['x', 'a\nb: c']], `${h2}#header-injection`),
  refused('H2 injection', 'CR in a value', [...get, ['x', 'a\rb: c']], `${h2}#header-injection`),
  refused('H2 injection', 'NUL in a value', [...get, ['x', 'a\0b']], 'RFC 9113 section 8.2.1'),
  refused(
    'H2 injection',
    'CR LF CR LF and a request in a value',
    [...get, ['x', `a\r\n\r\n${admin}`]],
    `${h2}#request-splitting`,
  ),
  refused(
    'H2 injection',
    'CR LF in a name',
    [...get, ['x: a\r\ntransfer-encoding', 'chunked']],
    `${h2}#header-name-injection`,
  ),
  refused(
    'H2 injection',
    'a colon in a name',
    [...get, ['transfer-encoding:chunked\r\nx', 'y']],
    `${h2}#header-name-injection`,
  ),
  refused(
    'H2 injection',
    'a space in a name',
    [...get, ['transfer-encoding ', 'chunked']],
    'RFC 9113 section 8.2.1',
  ),
  refused('H2 injection', 'capitals in a name', [...get, ['X', 'y']], 'RFC 9113 section 8.2.1'),
  refused('H2 injection', 'an empty name', [...get, ['', 'y']], 'CVE-2023-25725 (HAProxy)'),
  refused('H2 injection', 'white space around a value', [...get, ['x', ' y ']], 'RFC 9113 section 8.2.1'),
  refused(
    'H2 injection',
    'a request line in the method',
    pseudo(`GET /admin HTTP/1.1\r\nHost: a\r\n\r\nGET`),
    'CVE-2021-33193 (Apache)',
  ),
  refused('H2 injection', 'a space in the method', pseudo('GET /admin'), 'CVE-2021-33193 (Apache)'),
  refused('H2 injection', 'an empty method', pseudo(''), 'RFC 9113 section 8.3.1'),
  refused(
    'H2 injection',
    'a version in the path',
    pseudo('GET', { ':path': '/ HTTP/1.1\r\nHost: b\r\n\r\n' }),
    `${h2}#path`,
  ),
  refused(
    'H2 injection',
    'a space in the path',
    pseudo('GET', { ':path': '/a b' }),
    'RFC 9113 section 8.3.1',
  ),
  refused(
    'H2 injection',
    'a fragment in the path',
    pseudo('GET', { ':path': '/a#b' }),
    'RFC 9113 section 8.3.1',
  ),
  refused(
    'H2 injection',
    'a path above ASCII',
    pseudo('GET', { ':path': '/\xe9' }),
    'RFC 9113 section 8.3.1',
  ),
  refused(
    'H2 injection',
    'a line in the authority',
    pseudo('GET', { ':authority': 'a\r\nx: y' }),
    `${h2}#host`,
  ),
  refused('H2 injection', 'a path in the authority', pseudo('GET', { ':authority': 'a/b' }), h2),
  refused(
    'H2 injection',
    'user information in the authority',
    pseudo('GET', { ':authority': 'u@a' }),
    'RFC 9113 section 8.3.1',
  ),
  refused('H2 injection', 'a URL in the scheme', pseudo('GET', { ':scheme': 'http://b/?' }), `${h2}#scheme`),

  refused('H2 injection', 'CR LF in a trailer', [...post], h2, {
    data: ['hello'],
    trailers: [['x', 'a\r\n\r\nGET /admin HTTP/1.1\r\nHost: a']],
  }),
  refused('H2 injection', 'capitals in a trailer', [...post], 'RFC 9113 section 8.2.1', {
    data: ['hello'],
    trailers: [['Content-Length', '5']],
  }),
  refused('H2 injection', 'a host in a trailer', [...post], 'RFC 9110 section 6.5.1', {
    data: ['hello'],
    trailers: [['host', 'b']],
  }),

  // Who and what is meant.
  refused('H2 pseudo fields', 'no path', pseudo('GET', { ':path': 'absent' }), 'RFC 9113 section 8.3.1'),
  refused('H2 pseudo fields', 'an empty path', pseudo('GET', { ':path': '' }), 'RFC 9113 section 8.3.1'),
  refused('H2 pseudo fields', 'a relative path', pseudo('GET', { ':path': 'admin' }), `${h2}#path`),
  refused(
    'H2 pseudo fields',
    'an asterisk for a GET',
    pseudo('GET', { ':path': '*' }),
    'RFC 9113 section 8.3.1',
  ),
  refused('H2 pseudo fields', 'no method', pseudo('absent'), 'RFC 9113 section 8.3.1'),
  refused('H2 pseudo fields', 'no scheme', pseudo('GET', { ':scheme': 'absent' }), 'RFC 9113 section 8.3.1'),
  refused(
    'H2 pseudo fields',
    'no authority and no host',
    pseudo('GET', { ':authority': 'absent' }),
    'RFC 9113 section 8.3.1',
  ),
  refused('H2 pseudo fields', 'a path twice', [...get, [':path', '/admin']], `${h2}#duplicate-paths`),
  refused('H2 pseudo fields', 'a method twice', [[':method', 'POST'], ...get], h2),
  refused(
    'H2 pseudo fields',
    'behind a field',
    [...get.slice(0, 3), ['x', 'y'], ...get.slice(3)],
    'RFC 9113 section 8.3',
  ),
  refused('H2 pseudo fields', 'one that nobody knows', [...get, [':x', 'y']], 'RFC 9113 section 8.3'),
  refused('H2 pseudo fields', 'one of responses', [...get, [':status', '200']], 'RFC 9113 section 8.3'),
  refused('H2 pseudo fields', 'in the trailer', [...post], 'RFC 9113 section 8.1', {
    data: ['hello'],
    trailers: [[':path', '/admin']],
  }),
  refused(
    'H2 pseudo fields',
    'another host than the authority',
    [...get, ['host', 'b']],
    'RFC 9113 section 8.3.1',
  ),
  refused('H2 pseudo fields', 'two hosts', [...get, ['host', 'a'], ['host', 'b']], `${h2}#host`),
  passed(
    'H2 pseudo fields',
    'the same host as the authority',
    [...get, ['host', 'a']],
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    'RFC 9113 section 8.3.1',
  ),
  passed(
    'H2 pseudo fields',
    'a host instead of an authority',
    [...pseudo('GET', { ':authority': 'absent' }), ['host', 'a']],
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    'RFC 9113 section 8.3.1',
  ),
  refused('H2 tunnels', 'CONNECT with a path', pseudo('CONNECT'), 'RFC 9113 section 8.5'),
  refused(
    'H2 tunnels',
    'CONNECT without a port',
    [
      [':method', 'CONNECT'],
      [':authority', 'a'],
    ],
    'RFC 9113 section 8.5',
  ),
  refused(
    'H2 tunnels',
    'CONNECT that is not allowed here',
    [
      [':method', 'CONNECT'],
      [':authority', 'a:1'],
    ],
    'RFC 9113 section 8.5',
    { data: [admin], status: 404 },
  ),
  refused(
    'H2 tunnels',
    'a WebSocket that is not allowed here, with a request in it',
    [...pseudo('CONNECT'), [':protocol', 'websocket']],
    'RFC 8441 section 4',
    { data: [admin], status: 403 },
  ),

  // What becomes of the rest.
  passed(
    'H2 fields',
    'cookies are one again',
    [...get, ['cookie', 'a=1'], ['cookie', 'b=2']],
    ['GET / HTTP/1.1\r\nHost: a\r\ncookie: a=1; b=2\r\n\r\n'],
    'RFC 9113 section 8.2.3',
  ),
  passed(
    'H2 fields',
    'a trailer goes on',
    [...post],
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n'],
    'RFC 9110 section 6.5',
    { data: ['hello'], trailers: [['x-sum', '1']] },
  ),
  passed(
    'H2 fields',
    'an expectation with its body',
    [...post, ['expect', '100-continue'], ['content-length', '5']],
    ['POST / HTTP/1.1\r\nHost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\nhello'],
    'RFC 9110 section 10.1.1',
    { data: ['hello'] },
  ),
  passed(
    'H2 fields',
    'a name with what a shell would mind',
    [...get, ["x!#$%&'*+-.^_`|~", 'y']],
    ["GET / HTTP/1.1\r\nHost: a\r\nx!#$%&'*+-.^_`|~: y\r\n\r\n"],
    'RFC 9110 section 5.6.2',
  ),
];

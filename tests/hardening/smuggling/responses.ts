import type { ResponseCase } from './case.ts';

const smuggled = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nSMUGGLED';
const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

const queue = 'https://portswigger.net/research/http2#response-queue-poisoning';

/** The answer is refused: 502, and the connection is never used again. */
const refused = (group: string, name: string, response: string, source: string): ResponseCase => ({
  group,
  name,
  response,
  source,
  client: ['502'],
  reused: false,
});

/** The answer has begun when it turns out to be wrong. */
const cut = (group: string, name: string, response: string, source: string): ResponseCase => ({
  group,
  name,
  response,
  source,
  client: [],
  cut: true,
  reused: false,
});

const passed = (
  group: string,
  name: string,
  response: string,
  client: string,
  source: string,
  more: Partial<ResponseCase> = {},
): ResponseCase => ({ group, name, response, source, client: [client], reused: true, ...more });

export const responseCases: readonly ResponseCase[] = [
  // Framing that two readers understand differently.
  refused(
    'response framing',
    'Content-Length and Transfer-Encoding',
    `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'RFC 9112 section 6.3',
  ),
  refused(
    'response framing',
    'two different lengths',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello',
    'RFC 9112 section 6.3',
  ),
  refused(
    'response framing',
    'two equal lengths',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello',
    'RFC 9112 section 6.3',
  ),
  refused(
    'response framing',
    'a list of lengths',
    'HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello',
    'RFC 9112 section 6.3',
  ),
  refused(
    'response framing',
    'a length with a sign',
    'HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello',
    'RFC 9110 section 8.6',
  ),
  refused(
    'response framing',
    'an empty length',
    'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhello',
    'CVE-2023-40225 (HAProxy)',
  ),
  refused(
    'response framing',
    'a coding that was not asked for',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello',
    'RFC 9110 section 10.1.4',
  ),
  refused(
    'response framing',
    'chunked in two fields',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
    'RFC 9112 section 6.1',
  ),
  refused(
    'response framing',
    'chunked in HTTP/1.0',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'RFC 9112 section 6.1',
  ),
  cut(
    'response framing',
    'a chunk size that is none',
    `${chunked}x\r\nhello\r\n0\r\n\r\n`,
    'RFC 9112 section 7.1',
  ),
  cut(
    'response framing',
    'a chunk that is longer than said',
    `${chunked}5\r\nhello!\r\n0\r\n\r\n`,
    'RFC 9112 section 7.1',
  ),
  cut(
    'response framing',
    'a bare LF in a chunk extension',
    `${chunked}5;\nhello\r\n0\r\n\r\n`,
    'CVE-2025-55315 (Kestrel)',
  ),
  cut(
    'response framing',
    'a length in the trailer',
    `${chunked}5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n`,
    'RFC 9110 section 6.5.1',
  ),
  {
    ...cut(
      'response framing',
      'ends before its length',
      'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello',
      'RFC 9112 section 8',
    ),
    ends: true,
  },
  {
    ...cut(
      'response framing',
      'ends before its last chunk',
      `${chunked}5\r\nhello\r\n`,
      'RFC 9112 section 8',
    ),
    ends: true,
  },
  passed(
    'response framing',
    'lasts until the connection ends',
    'HTTP/1.1 200 OK\r\n\r\nhello',
    '200 hello',
    'RFC 9112 section 6.3',
    { ends: true, reused: false },
  ),
  passed(
    'response framing',
    'sizes and extensions are written anew',
    `${chunked}0005;a=b\r\nhello\r\n0\r\n\r\n`,
    '200 hello',
    'RFC 9112 section 7.1',
  ),

  // Lines.
  refused(
    'response lines',
    'a bare LF behind the status line',
    `HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello`,
    'RFC 9112 section 2.2',
  ),
  refused(
    'response lines',
    'a bare LF in a field',
    'HTTP/1.1 200 OK\r\nX: y\nSet-Cookie: z\r\nContent-Length: 5\r\n\r\nhello',
    'RFC 9112 section 2.2',
  ),
  refused(
    'response lines',
    'a bare CR in a field',
    'HTTP/1.1 200 OK\r\nX: y\rSet-Cookie: z\r\nContent-Length: 5\r\n\r\nhello',
    'RFC 9110 section 5.5',
  ),
  refused(
    'response lines',
    'a NUL in a field',
    'HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 5\r\n\r\nhello',
    'RFC 9110 section 5.5',
  ),
  refused(
    'response lines',
    'a folded field',
    'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello',
    'RFC 9112 section 5.2: a proxy may discard it',
  ),
  refused(
    'response lines',
    'a space before the colon',
    'HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello',
    'RFC 9112 section 5.1',
  ),
  refused(
    'response lines',
    'an empty name',
    'HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 5\r\n\r\nhello',
    'CVE-2023-25725 (HAProxy)',
  ),
  refused(
    'response lines',
    'a control character in the reason',
    'HTTP/1.1 200 O\x0bK\r\nContent-Length: 5\r\n\r\nhello',
    'RFC 9112 section 4',
  ),
  refused(
    'response lines',
    'a status of two digits',
    'HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello',
    'RFC 9112 section 4',
  ),
  refused(
    'response lines',
    'a status below 100',
    'HTTP/1.1 099 OK\r\nContent-Length: 5\r\n\r\nhello',
    'RFC 9110 section 15',
  ),
  refused(
    'response lines',
    'another version',
    'HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'RFC 9112 section 2.3',
  ),
  refused('response lines', 'no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'RFC 9112 section 4'),
  refused(
    'response lines',
    'a head beyond the limit',
    `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`,
    'RFC 9110 section 5.4',
  ),
  passed(
    'response lines',
    'no reason',
    'HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello',
    '200 hello',
    'RFC 9112 section 4',
  ),

  // Answers that nobody asked for.
  passed('response queue', 'a second answer behind the first', hello + smuggled, '200 hello', queue, {
    reused: false,
  }),
  passed('response queue', 'one byte behind the answer', `${hello}x`, '200 hello', queue, { reused: false }),
  passed(
    'response queue',
    'a 204 with a body',
    `HTTP/1.1 204 No Content\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    '204',
    'RFC 9112 section 6.3',
    { reused: false },
  ),
  passed(
    'response queue',
    'a 204 with chunks',
    `HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    '204',
    'RFC 9112 section 6.1',
    { reused: false },
  ),
  passed(
    'response queue',
    'a 304 with a body',
    `HTTP/1.1 304 Not Modified\r\n\r\n${smuggled}`,
    '304',
    'RFC 9112 section 6.3',
    { reused: false },
  ),
  passed('response queue', 'a HEAD that is answered with a body', hello, '200', 'RFC 9112 section 6.3', {
    request: 'HEAD /first HTTP/1.1\r\nHost: a\r\n\r\n',
    reused: false,
  }),
  passed(
    'response queue',
    'a HEAD that is answered with a length alone',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
    '200',
    'RFC 9110 section 9.3.2',
    { request: 'HEAD /first HTTP/1.1\r\nHost: a\r\n\r\n' },
  ),
  passed(
    'response queue',
    'an interim response behind the final one',
    `${hello}HTTP/1.1 100 Continue\r\n\r\n`,
    '200 hello',
    queue,
    { reused: false },
  ),
  passed('response queue', 'an answer to nobody, later', hello, '200 hello', queue, {
    late: smuggled,
    reused: false,
  }),

  // Interim responses.
  passed(
    'interim responses',
    '100, then the answer',
    `HTTP/1.1 100 Continue\r\n\r\n${hello}`,
    '200 hello',
    'RFC 9110 section 15.2',
  ),
  refused(
    'interim responses',
    'without end',
    'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(100),
    'RFC 9110 section 15.2',
  ),
  refused(
    'interim responses',
    'a switch of protocols that nobody asked for',
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n${smuggled}`,
    'RFC 9110 section 15.2.2',
  ),
  refused(
    'interim responses',
    'a switch to h2c, asked by the client',
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n${smuggled}`,
    'https://bishopfox.com/blog/h2c-smuggling-request',
  ),

  // An answer that does not wait for the request.
  passed(
    'early answers',
    'before the body has come',
    hello,
    '200 hello',
    'https://portswigger.net/research/http1-must-die',
    { request: 'POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello', reused: false },
  ),
  passed(
    'early answers',
    'instead of 100 Continue',
    'HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno',
    '417 no',
    'https://portswigger.net/research/http1-must-die',
    {
      request: 'POST /first HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n',
      reused: false,
    },
  ),
  passed(
    'early answers',
    'that closes',
    'HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno',
    '413 no',
    'RFC 9112 section 9.6',
    { ends: true, reused: false },
  ),

  // What one hop may take away from the next.
  passed(
    'response hop by hop',
    'close, but the connection stays',
    'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello',
    '200 hello',
    'RFC 9112 section 9.6',
    { reused: false },
  ),
  passed(
    'response hop by hop',
    'Connection names Content-Length: it stays',
    'HTTP/1.1 200 OK\r\nConnection: Content-Length\r\nContent-Length: 5\r\n\r\nhello',
    '200 hello',
    'https://nathandavison.com/blog/abusing-http-hop-by-hop-request-headers',
  ),
  passed(
    'response hop by hop',
    'HTTP/1.0 without keep-alive',
    'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    '200 hello',
    'RFC 9112 section 9.3',
    { reused: false },
  ),
];

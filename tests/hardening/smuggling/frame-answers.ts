import type { FrameAnswerCase } from './case.ts';

type Fields = FrameAnswerCase['fields'];

const ok: Fields = [[':status', '200']];
const smuggled = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nSMUGGLED';
const splitting = 'https://portswigger.net/research/http2#response-queue-poisoning';

const refused = (
  name: string,
  fields: Fields,
  source: string,
  more: Partial<FrameAnswerCase> = {},
): FrameAnswerCase => ({
  group: 'H2 answers',
  name,
  fields,
  source,
  client: '502',
  ...more,
});

export const frameAnswerCases: readonly FrameAnswerCase[] = [
  refused('CR LF in a value', [...ok, ['x', 'a\r\nset-cookie: b']], splitting),
  refused('CR LF CR LF and an answer in a value', [...ok, ['x', `a\r\n\r\n${smuggled}`]], splitting),
  refused('LF in a value', [...ok, ['location', '/\nset-cookie: b']], 'RFC 9113 section 8.2.1'),
  refused('NUL in a value', [...ok, ['x', 'a\0b']], 'RFC 9113 section 8.2.1'),
  refused('CR LF in a name', [...ok, ['x: a\r\nset-cookie', 'b']], splitting),
  refused('capitals in a name', [...ok, ['Transfer-Encoding', 'chunked']], 'RFC 9113 section 8.2.1'),
  refused('transfer-encoding', [...ok, ['transfer-encoding', 'chunked']], 'RFC 9113 section 8.2.2', {
    data: '0\r\n\r\n',
  }),
  refused('connection', [...ok, ['connection', 'close']], 'RFC 9113 section 8.2.2'),
  refused('upgrade', [...ok, ['upgrade', 'h2c']], 'RFC 9113 section 8.2.2'),
  refused(
    'two different lengths',
    [...ok, ['content-length', '5'], ['content-length', '50']],
    'RFC 9113 section 8.1.1',
    { data: 'hello' },
  ),
  refused('a length with a sign', [...ok, ['content-length', '+5']], 'RFC 9110 section 8.6', {
    data: 'hello',
  }),
  refused('a length and no body', [...ok, ['content-length', '5']], 'RFC 9113 section 8.1.1'),
  refused('a length shorter than the body', [...ok, ['content-length', '5']], 'RFC 9113 section 8.1.1', {
    data: `hello${smuggled}`,
    client: 'cut',
  }),
  refused('no status', [['x', 'y']], 'RFC 9113 section 8.3.2'),
  refused('a status that is none', [[':status', '200 OK\r\nx: y']], 'RFC 9113 section 8.3.2'),
  refused('a status twice', [...ok, [':status', '404']], 'RFC 9113 section 8.3'),
  refused('a pseudo field of requests', [...ok, [':path', '/']], 'RFC 9113 section 8.3'),
  refused('101', [[':status', '101']], 'RFC 9113 section 8.6'),
  refused('a 204 with a body', [[':status', '204']], 'RFC 9110 section 15.3.5', {
    data: smuggled,
    client: '204',
  }),
  refused('a body that looks like an answer', ok, splitting, { data: smuggled, client: `200 ${smuggled}` }),
];

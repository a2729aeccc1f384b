import type { RequestCase } from '../case.ts';

export const host = 'Host: a\r\n';
export const admin = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n';
export const post = `POST / HTTP/1.1\r\n${host}`;
export const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`;
export const get = `GET / HTTP/1.1\r\n${host}`;

export const reborn = 'https://portswigger.net/research/http-desync-attacks-request-smuggling-reborn';
export const browser = 'https://portswigger.net/research/browser-powered-desync-attacks';
export const mustDie = 'https://portswigger.net/research/http1-must-die';
export const h2c = 'https://bishopfox.com/blog/h2c-smuggling-request';
export const te0 =
  'https://www.bugcrowd.com/blog/unveiling-te-0-http-request-smuggling-discovering-a-critical-vulnerability-in-thousands-of-google-cloud-websites/';

export const refused = (
  group: string,
  name: string,
  bytes: string,
  source: string,
  status = 400,
): RequestCase => ({
  group,
  name,
  bytes,
  source,
  upstream: [],
  refused: status,
});

export const forwarded = (
  group: string,
  name: string,
  bytes: string,
  upstream: readonly string[],
  source: string,
  more: Partial<RequestCase> = {},
): RequestCase => ({ group, name, bytes, source, upstream, ...more });

/** A chunked upload of `hello` with this Transfer-Encoding line, as it reaches the backend when it is taken. */
export const taken = `${post}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
export const coded = (line: string): string => `${post}${line}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
/** An upload of `hello` with this Content-Length line. */
export const sized = (line: string): string => `${post}${line}\r\n\r\nhello`;

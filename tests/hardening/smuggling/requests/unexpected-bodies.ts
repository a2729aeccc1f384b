import type { RequestCase } from '../case.ts';
import { admin, browser, chunked, forwarded, get, host, mustDie, post, te0 } from './case-parts.ts';

/** A body that the back end may not expect: it goes as what it is, in one request. */
export const unexpectedBodies: readonly RequestCase[] = [
  forwarded(
    'CL.0',
    'a request as the body of a POST',
    `${post}Content-Length: ${admin.length}\r\n\r\n${admin}`,
    [`${post}Content-Length: ${admin.length}\r\n\r\n${admin}`],
    browser,
  ),
  forwarded(
    'CL.0',
    'a request as the body of a GET',
    `${get}Content-Length: ${admin.length}\r\n\r\n${admin}`,
    [`${get}Content-Length: ${admin.length}\r\n\r\n${admin}`],
    browser,
  ),
  forwarded(
    'CL.0',
    'a request as the body of a HEAD',
    `HEAD / HTTP/1.1\r\n${host}Content-Length: ${admin.length}\r\n\r\n${admin}`,
    [`HEAD / HTTP/1.1\r\n${host}Content-Length: ${admin.length}\r\n\r\n${admin}`],
    browser,
  ),
  forwarded(
    'CL.0',
    'a length of zero and a request',
    `${post}Content-Length: 0\r\n\r\n${admin}`,
    [`${post}Content-Length: 0\r\n\r\n`, admin],
    browser,
  ),
  forwarded(
    '0.CL',
    'no length: what follows is the next request',
    `${post}\r\n${admin}`,
    [`${post}Content-Length: 0\r\n\r\n`, admin],
    mustDie,
  ),
  forwarded(
    'TE.0',
    'a request within a chunk of an OPTIONS',
    `OPTIONS / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n${admin.length.toString(16)}\r\n${admin}\r\n0\r\n\r\n`,
    [
      `OPTIONS / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n${admin.length.toString(16)}\r\n${admin}\r\n0\r\n\r\n`,
    ],
    te0,
  ),
  forwarded(
    'TE.0',
    'a request behind the last chunk',
    `${chunked}0\r\n\r\n${admin}`,
    [`${chunked}0\r\n\r\n`, admin],
    te0,
  ),
];

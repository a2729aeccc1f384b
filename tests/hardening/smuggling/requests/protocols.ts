import type { RequestCase } from '../case.ts';
import { admin, forwarded, get, h2c, host, mustDie, post, refused } from './case-parts.ts';

/** Expect, changes of the protocol, and what one hop may take away from the next. */
export const protocols: readonly RequestCase[] = [
  // Expect.
  forwarded(
    'Expect',
    '100-continue with its body at once',
    `${post}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
    [`${post}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`],
    mustDie,
  ),
  forwarded(
    'Expect',
    '100-continue without a body',
    `${get}Expect: 100-continue\r\n\r\n${admin}`,
    [`${get}Expect: 100-continue\r\n\r\n`, admin],
    mustDie,
  ),
  forwarded(
    'Expect',
    'an expectation that nobody knows',
    `${post}Expect: y 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
    [`${post}Expect: y 100-continue\r\nContent-Length: 5\r\n\r\nhello`],
    mustDie,
  ),
  refused(
    'Expect',
    'folded',
    `OPTIONS / HTTP/1.1\r\n${host}Expect: \r\n 100-continue\r\nContent-Length: ${admin.length}\r\n\r\n${admin}`,
    'CVE-2025-32094 (Akamai)',
  ),

  // Other protocols.
  forwarded(
    'upgrade',
    'h2c: asked of us, not passed on',
    `${get}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n${admin}`,
    [`${get}\r\n`, admin],
    h2c,
  ),
  forwarded(
    'upgrade',
    'h2c among others',
    `${get}Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n${admin}`,
    [`${get}\r\n`, admin],
    h2c,
  ),
  forwarded(
    'upgrade',
    'h2c without Connection',
    `${get}Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n${admin}`,
    [`${get}\r\n`, admin],
    h2c,
  ),
  forwarded(
    'upgrade',
    'Connection without Upgrade',
    `${get}Connection: Upgrade\r\n\r\n${admin}`,
    [`${get}\r\n`, admin],
    'RFC 9110 section 7.8',
  ),
  forwarded(
    'upgrade',
    'with a body it is a request like any',
    `${post}Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello${admin}`,
    [`${post}Content-Length: 5\r\n\r\nhello`, admin],
    'RFC 9110 section 7.8',
  ),
  forwarded(
    'upgrade',
    'in HTTP/1.0 it is ignored',
    `GET / HTTP/1.0\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    [`${get}\r\n`],
    'RFC 9110 section 7.8',
    { closes: true },
  ),
  forwarded(
    'upgrade',
    'a request behind a WebSocket that was not accepted',
    `${get}Sec-WebSocket-Key: q1IPmMVEkSwFIkZaC3qu7g==\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${admin}`,
    [
      `${get}Sec-WebSocket-Key: q1IPmMVEkSwFIkZaC3qu7g==\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    ],
    'https://github.com/0ang3el/websocket-smuggle',
    { closes: true },
  ),
  forwarded(
    'upgrade',
    'the preface of HTTP/2 behind a request',
    `${get}\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
    [`${get}\r\n`],
    'RFC 9113 section 3.4',
    { refused: 400 },
  ),
  refused(
    'CONNECT',
    'with chunks',
    `CONNECT a:1 HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'RFC 9110 section 9.3.6',
  ),
  refused('CONNECT', 'to a path', `CONNECT /x HTTP/1.1\r\n${host}\r\n`, 'RFC 9112 section 3.2.3'),
  refused('CONNECT', 'without a port', `CONNECT a HTTP/1.1\r\n${host}\r\n`, 'RFC 9112 section 3.2.3'),
  refused(
    'CONNECT',
    'not allowed here, with a request behind it',
    `CONNECT a:1 HTTP/1.1\r\n${host}\r\n${admin}`,
    'RFC 9110 section 9.3.6',
    404,
  ),

  // What one hop may take away from the next.
  forwarded(
    'hop by hop',
    'fields that Connection names are gone',
    `${get}Connection: X-Secret, Cookie\r\nX-Secret: 1\r\nCookie: 2\r\nX: 3\r\n\r\n`,
    [`${get}X: 3\r\n\r\n`],
    'RFC 9110 section 7.6.1',
  ),
  forwarded(
    'hop by hop',
    'Host stays',
    `${get}Connection: Host\r\n\r\n`,
    [`${get}\r\n`],
    'https://nathandavison.com/blog/abusing-http-hop-by-hop-request-headers',
  ),
  forwarded(
    'hop by hop',
    'Keep-Alive, Proxy-Connection and TE end here',
    `${get}Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\n\r\n`,
    [`${get}\r\n`],
    'RFC 9110 section 7.6.1',
  ),
  forwarded(
    'hop by hop',
    'close and a request behind it',
    `${get}Connection: close\r\n\r\n${admin}`,
    [`${get}\r\n`],
    'RFC 9112 section 9.6',
    { closes: true },
  ),
];

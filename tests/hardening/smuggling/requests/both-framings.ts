import type { RequestCase } from '../case.ts';
import { admin, get, host, post, reborn, refused } from './case-parts.ts';

/** Both Content-Length and Transfer-Encoding: RFC 9112 section 6.1 lets a proxy refuse them all. */
export const bothFramings: readonly RequestCase[] = [
  refused(
    'CL.TE',
    'the classic: the front end counts, the back end reads chunks',
    `${post}Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nSMUGGLED`,
    reborn,
  ),
  refused(
    'CL.TE',
    'a whole request behind the last chunk',
    `${post}Content-Length: ${5 + admin.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${admin}`,
    reborn,
  ),
  refused(
    'CL.TE',
    'Transfer-Encoding first',
    `${post}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG`,
    'CVE-2019-20445 (Netty), CVE-2020-10109 (Twisted)',
  ),
  refused(
    'CL.TE',
    'names in lower case',
    `${post}content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nG`,
    reborn,
  ),
  refused(
    'CL.TE',
    'a length of zero',
    `${post}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${admin}`,
    'RFC 9112 section 6.1',
  ),
  refused(
    'CL.TE',
    'on a GET',
    `${get}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`,
    'RFC 9112 section 6.1',
  ),
  refused(
    'CL.TE',
    'other fields between them',
    `${post}Content-Length: 6\r\nX: y\r\nCookie: z\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`,
    reborn,
  ),
  refused(
    'TE.CL',
    'the classic: the front end reads chunks, the back end counts',
    `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\nGPOST / HTTP/1.1\r\nContent-Length: 15\r\n\r\nx=1\r\n0\r\n\r\n`,
    reborn,
  ),
  refused(
    'TE.CL',
    'a length that ends within a chunk',
    `${post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nSMUGGLED\r\n0\r\n\r\n`,
    reborn,
  ),
  refused(
    'TE.CL',
    'an unknown coding beside a length',
    `${post}Content-Length: 5\r\nTransfer-Encoding: x\r\n\r\nhello`,
    'CVE-2019-15605 (Node.js)',
  ),
  refused(
    'TE.CL',
    'an empty coding beside a length',
    `${post}Content-Length: 5\r\nTransfer-Encoding:\r\n\r\nhello`,
    'CVE-2024-1135 (Gunicorn)',
  ),
  refused(
    'TE.CL',
    'in HTTP/1.0',
    `POST / HTTP/1.0\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'RFC 9112 section 6.1',
  ),
];

import type { RequestCase } from '../case.ts';
import { admin, forwarded, get, host } from './case-parts.ts';

/** One request after the other. */
export const sequence: readonly RequestCase[] = [
  forwarded(
    'pipelining',
    'each is answered in its turn',
    `${get.replace('/', '/1')}\r\n${get.replace('/', '/2')}\r\n`,
    [`${get.replace('/', '/1')}\r\n`, `${get.replace('/', '/2')}\r\n`],
    'RFC 9112 section 9.3.2',
  ),
  forwarded(
    'pipelining',
    'a bad one behind a good one',
    `${get}\r\nGET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${admin}`,
    [`${get}\r\n`],
    'RFC 9112 section 9.3.2',
    { refused: 400 },
  ),
  forwarded(
    'pipelining',
    'the start of one is waited for',
    `${get}\r\nGET /adm`,
    [`${get}\r\n`],
    'RFC 9112 section 9.3.2',
    { waits: '' },
  ),
  forwarded(
    'pipelining',
    'HTTP/1.0 without keep-alive ends it',
    `GET / HTTP/1.0\r\n${host}\r\n${admin}`,
    [`${get}\r\n`],
    'RFC 9112 section 9.3',
    { closes: true },
  ),
];

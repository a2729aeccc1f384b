import type { RequestCase } from '../case.ts';
import { forwarded, get, host, refused } from './case-parts.ts';

/** Who is meant. */
export const authority: readonly RequestCase[] = [
  refused('Host', 'none', 'GET / HTTP/1.1\r\n\r\n', 'RFC 9112 section 3.2'),
  refused('Host', 'two', `${get}Host: b\r\n\r\n`, 'RFC 9112 section 3.2'),
  refused('Host', 'two, spelled differently', `${get}hOST: b\r\n\r\n`, 'RFC 9112 section 3.2'),
  refused('Host', 'two equal ones', `${get}${host}\r\n`, 'RFC 9112 section 3.2'),
  refused('Host', 'a list', 'GET / HTTP/1.1\r\nHost: a, b:80/x\r\n\r\n', 'RFC 9110 section 7.2'),
  refused('Host', 'empty', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 'RFC 9110 section 4.2.1'),
  refused('Host', 'with user information', 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n', 'RFC 9110 section 4.2.4'),
  refused('Host', 'with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 'RFC 9110 section 7.2'),
  refused('Host', 'with a space', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 'RFC 9110 section 7.2'),
  refused(
    'Host',
    'with a port that is none',
    'GET / HTTP/1.1\r\nHost: a:80x\r\n\r\n',
    'RFC 9110 section 7.2',
  ),
  refused('Host', 'with two ports', 'GET / HTTP/1.1\r\nHost: a:80:81\r\n\r\n', 'RFC 9110 section 7.2'),
  refused('Host', 'a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 'RFC 9112 section 5.1'),
  refused(
    'Host',
    'folded',
    'GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n',
    'https://portswigger.net/web-security/host-header',
  ),
  refused('Host', 'none beside an absolute target', 'GET http://a/ HTTP/1.1\r\n\r\n', 'RFC 9112 section 3.2'),
  refused(
    'absolute form',
    'with user information',
    `GET http://x@a/ HTTP/1.1\r\n${host}\r\n`,
    'RFC 9110 section 4.2.4',
  ),
  refused(
    'absolute form',
    'without a host',
    `GET http:///x HTTP/1.1\r\n${host}\r\n`,
    'RFC 9110 section 4.2.1',
  ),
  refused(
    'absolute form',
    'of another scheme',
    `GET file://a/etc/passwd HTTP/1.1\r\n${host}\r\n`,
    'RFC 9112 section 3.2.2',
  ),
  forwarded(
    'absolute form',
    'another host than Host: the target rules',
    `GET http://b/x HTTP/1.1\r\n${host}\r\n`,
    ['GET /x HTTP/1.1\r\nHost: b\r\n\r\n'],
    'RFC 9112 section 3.2.2',
  ),
  forwarded(
    'absolute form',
    'another port than Host: the target rules',
    `GET http://a:8080/x HTTP/1.1\r\n${host}\r\n`,
    ['GET /x HTTP/1.1\r\nHost: a:8080\r\n\r\n'],
    'RFC 9112 section 3.2.2',
  ),
  forwarded(
    'absolute form',
    'in capitals, without a path',
    `GET HTTP://B?x HTTP/1.1\r\n${host}\r\n`,
    ['GET /?x HTTP/1.1\r\nHost: B\r\n\r\n'],
    'RFC 9112 section 3.2.2',
  ),
];

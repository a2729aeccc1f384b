/** What is asked for: the path, by each normalisation, and the host. */
import type { HygieneCase } from '../case.ts';

export const targetCases: readonly HygieneCase[] = [
  // the path
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

  // the host
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
];

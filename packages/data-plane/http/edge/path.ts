import type { PathRules } from '@tulle/decision/edge-rules';
import type { LocalReply } from '../local-reply.ts';
import type { RequestHead } from '../stream.ts';

/** Puts the path into the one spelling that routes and policies know. A reply: refused, or sent there. */
export function preparePath(head: RequestHead, rules: PathRules): LocalReply | undefined {
  if (head.method === 'CONNECT' || head.path === '*') return undefined;
  let path = head.path;
  const escaped = rules.escapedSlashes !== 'keep' && hasEscapedSlashes(path);
  if (escaped && rules.escapedSlashes === 'reject')
    return { status: 400, body: '', details: 'path_with_escaped_slashes' };
  if (escaped) path = unescapeSlashes(path);
  if (rules.normalize) {
    const normal = normalizePath(path);
    if (normal === undefined) return { status: 400, body: '', details: 'path_normalization_failed' };
    path = normal;
  }
  head.path = rules.mergeSlashes ? mergeSlashes(path) : path;
  if (!escaped || rules.escapedSlashes !== 'redirect') return undefined;
  // `//b/c` would lead to another host (RFC 3986 section 4.2).
  const location = head.path.startsWith('//') ? `/.${head.path}` : head.path;
  return { status: 307, body: '', details: 'path_normalization_redirect', headers: { location } };
}

/** Unreserved characters (RFC 3986 section 2.3): their percent-encoding means the same as themselves. */
const unreserved = /%(2[dDeE]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE])/g;

/**
 * The path in one spelling, so that `/a/../b`, `/%62` and `/b` are matched and authorized alike: unreserved
 * characters decoded, backslashes turned, dot segments resolved (RFC 3986 section 5.2.4). The query stays.
 * Undefined: not an absolute path, or it climbs above the root.
 */
export function normalizePath(target: string): string | undefined {
  const query = target.indexOf('?');
  const raw = query < 0 ? target : target.slice(0, query);
  if (!raw.startsWith('/')) return undefined;
  if (!needsWork.test(raw)) return target;
  const path = raw
    .replace(unreserved, (encoded) => String.fromCharCode(Number.parseInt(encoded.slice(1), 16)))
    .replaceAll('\\', '/');
  const out: string[] = [];
  const segments = path.slice(1).split('/');
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === '..') {
      if (out.length === 0) return undefined;
      out.pop();
    } else if (segment !== '.') {
      out.push(segment);
      continue;
    }
    if (last) out.push('');
  }
  return `/${out.join('/')}${query < 0 ? '' : target.slice(query)}`;
}

const needsWork = /%|\\|\/\.\.?(\/|$)/;

/** `//a///b` → `/a/b`; the query stays. */
export function mergeSlashes(target: string): string {
  const query = target.indexOf('?');
  const raw = query < 0 ? target : target.slice(0, query);
  if (!raw.includes('//')) return target;
  return raw.replace(/\/{2,}/g, '/') + (query < 0 ? '' : target.slice(query));
}

const escapedSlash = /%(2f|5c)/gi;

const queryStart = (target: string): number => (target.includes('?') ? target.indexOf('?') : target.length);

function hasEscapedSlashes(target: string): boolean {
  return target.slice(0, queryStart(target)).search(escapedSlash) >= 0;
}

/** `%2F` and `%5C` of the path; the query stays. */
function unescapeSlashes(target: string): string {
  const at = queryStart(target);
  return (
    target
      .slice(0, at)
      .replace(escapedSlash, (_, code: string) => (code.toLowerCase() === '2f' ? '/' : '\\')) +
    target.slice(at)
  );
}

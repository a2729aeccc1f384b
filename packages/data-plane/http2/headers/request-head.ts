import type { RequestHead } from '../../http/stream.ts';
import { TARGET, TOKEN } from '../../http1/bytes.ts';
import { isHost } from '../../http1/parse/target.ts';
import type { Http2Problem } from '../protocol-error.ts';
import type { HeaderBlock } from './header-block.ts';

const longestMethod = 32;
/** Fields that a proxy adds to most requests. */
const roomToAdd = 6;

/** What makes `block` no request (RFC 9113 section 8.3.1, RFC 8441 section 4), or undefined. */
export function requestProblem(block: HeaderBlock): Http2Problem | undefined {
  block.requestProblem ??= findProblem(block) ?? 'none';
  return block.requestProblem === 'none' ? undefined : block.requestProblem;
}

/** The request of a block without problems, on a connection of `scheme`. */
export function requestHead(block: HeaderBlock, scheme: 'http' | 'https'): RequestHead {
  const { method = '', path = '', protocol } = block;
  const head: RequestHead = {
    method,
    path,
    authority: block.authority ?? block.host ?? '',
    scheme,
    headers: block.headers(roomToAdd),
    protocol: 'HTTP/2',
  };
  if (protocol !== undefined) {
    // To all but the codecs it is what HTTP/1.1 says by Upgrade.
    head.method = 'GET';
    head.upgrade = protocol.toLowerCase();
  } else if (method === 'CONNECT') head.upgrade = 'connect';
  return head;
}

function findProblem(block: HeaderBlock): Http2Problem | undefined {
  if (block.malformed !== undefined) return block.malformed;
  if (block.status !== undefined) return 'bad-pseudo-field';
  const { method, path, scheme, protocol } = block;
  if (method === undefined) return 'missing-pseudo-field';
  if (!isToken(method) || method.length > longestMethod) return 'bad-method';
  if (protocol !== undefined && (method !== 'CONNECT' || !isToken(protocol))) return 'bad-pseudo-field';
  if (method === 'CONNECT' && protocol === undefined) {
    if (path !== undefined || scheme !== undefined) return 'bad-pseudo-field';
    return authorityProblem(block, true);
  }
  if (path === undefined || scheme === undefined) return 'missing-pseudo-field';
  const lower = scheme.toLowerCase();
  if (lower !== 'http' && lower !== 'https') return 'bad-scheme';
  if (!isPath(path, method)) return 'bad-path';
  return authorityProblem(block, false);
}

function authorityProblem(block: HeaderBlock, connect: boolean): Http2Problem | undefined {
  const { authority, host } = block;
  if (authority === undefined && connect) return 'missing-pseudo-field';
  const name = authority ?? host;
  if (name === undefined) return 'missing-pseudo-field';
  if (!isHost(name) || (connect && !/:\d+$/.test(name))) return 'bad-authority';
  if (authority !== undefined && host !== undefined && authority.toLowerCase() !== host.toLowerCase()) {
    return 'host-mismatch';
  }
  return undefined;
}

function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (TOKEN[text.charCodeAt(at)] !== 1) return false;
  return text !== '';
}

function isPath(path: string, method: string): boolean {
  if (path.charCodeAt(0) !== 0x2f) return path === '*' && method === 'OPTIONS';
  for (let at = 1; at < path.length; at++) if (TARGET[path.charCodeAt(at)] !== 1) return false;
  return true;
}

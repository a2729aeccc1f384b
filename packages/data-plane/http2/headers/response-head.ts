import type { Headers } from '@tulle/decision/headers';
import type { ResponseHead } from '../../http/stream.ts';
import type { Http2Problem } from '../protocol-error.ts';
import type { HeaderBlock } from './header-block.ts';

/** Fields that a proxy adds to most responses. */
const roomToAdd = 2;

/** What makes `block` no response (RFC 9113 section 8.3.2), or undefined. */
export function responseProblem(block: HeaderBlock): Http2Problem | undefined {
  if (block.malformed !== undefined) return block.malformed;
  const { status } = block;
  if (status === undefined) return 'missing-pseudo-field';
  if (
    block.method !== undefined ||
    block.path !== undefined ||
    block.scheme !== undefined ||
    block.authority !== undefined ||
    block.protocol !== undefined
  ) {
    return 'bad-pseudo-field';
  }
  return /^[1-9]\d\d$/.test(status) ? undefined : 'bad-status';
}

/** The response of a block without problems. */
export function responseHead(block: HeaderBlock): ResponseHead {
  const headers = block.headers(roomToAdd);
  // TE means nothing in a response and is not passed on.
  if (block.te) headers.remove('te');
  return { status: Number(block.status), headers, protocol: 'HTTP/2' };
}

/** What makes `block` no trailers (RFC 9113 section 8.1), or undefined. */
export function trailerProblem(block: HeaderBlock): Http2Problem | undefined {
  if (block.malformed !== undefined) return block.malformed;
  if (block.hasPseudo) return 'bad-pseudo-field';
  // Framing and routing were decided by the head (RFC 9110 section 6.5.1).
  if (block.contentLength >= 0 || block.host !== undefined || block.te) return 'bad-trailer';
  return undefined;
}

/** After `trailerProblem` has found none. */
export function trailersOf(block: HeaderBlock): Headers {
  return block.headers();
}

import { stripPort } from '@tulle/decision/authority';
import type { RouteMatcher } from '@tulle/decision/match';
import { coversServerName } from '../net/filter-chain.ts';
import type { ConnectionInfo } from './connection-info.ts';
import type { LocalReply } from './local-reply.ts';
import type { RequestHead } from './stream.ts';

const memo = 'misdirected';

/**
 * An HTTP/2 client may send requests for any host that a connection's certificate covers (RFC 9113 section 9.1.1),
 * though the filter chain of another server name would have served it. Told so, it asks again on a connection of
 * that host's own (RFC 9110 section 15.5.20). Undefined: the connection is for this host, as far as it says.
 */
export function misdirected(head: RequestHead, connection: ConnectionInfo): LocalReply | undefined {
  const { serverNames } = connection;
  if (serverNames === undefined || head.protocol !== 'HTTP/2') return undefined;
  if (connection.memo.get(memo) === head.authority) return undefined;
  if (!coversServerName(serverNames, stripPort(head.authority).toLowerCase())) return misdirection;
  connection.memo.set(memo, head.authority);
  return undefined;
}

/** The same where no virtual host is for the authority: 404 would be the answer of a host that is served here. */
export function isMisdirected(
  head: RequestHead,
  connection: ConnectionInfo,
  matcher: RouteMatcher | undefined,
): boolean {
  if (head.protocol !== 'HTTP/2' || connection.tls === undefined) return false;
  return matcher !== undefined && matcher.virtualHost(head.authority) === undefined;
}

export const misdirection: LocalReply = {
  status: 421,
  body: 'Misdirected Request',
  details: 'misdirected_request',
};

import type { HostRules } from '@tulle/decision/edge-rules';
import type { RequestHead } from '../stream.ts';

/** The host in the spelling that routes know: without port, without the root's dot, as the rules say. */
export function prepareHost(head: RequestHead, rules: HostRules, localPort: number): void {
  if (rules.stripPort === 'never' && !rules.stripTrailingDot) return;
  if (head.method === 'CONNECT' && rules.stripPort !== 'any') return;
  const { host, port } = split(head.authority);
  const dropPort = rules.stripPort === 'any' || (rules.stripPort === 'matching' && port === `:${localPort}`);
  const name = rules.stripTrailingDot && host.endsWith('.') ? host.slice(0, -1) : host;
  head.authority = dropPort ? name : name + port;
}

/** `port` with its colon; empty: none. */
function split(authority: string): { readonly host: string; readonly port: string } {
  const colon = authority.lastIndexOf(':');
  if (colon < 0 || authority.indexOf(']', colon) >= 0) return { host: authority, port: '' };
  return { host: authority.slice(0, colon), port: authority.slice(colon) };
}

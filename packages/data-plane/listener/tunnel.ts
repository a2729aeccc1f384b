import type { Socket } from 'node:net';
import type { ForwardAction } from '@tulle/decision/tables/route-action';
import type { TcpProxy } from '@tulle/decision/tables/tcp-proxy';
import type { ConnectionInfo } from '../http/connection-info.ts';
import type { ManagerRuntime } from '../http/manager.ts';
import type { RequestHead } from '../http/stream.ts';
import { inspect } from '../net/sniffing/inspect.ts';
import type { ChainRuntime } from './chain-runtime.ts';
import type { ConnectionServer } from './connection-server.ts';

/** A client that says nothing for so long waits for the server to speak first. */
const silenceMs = 1_000;
const tcpIdleMs = 3_600_000;

/** Where a CONNECT may go; undefined: it is answered like any request (404, 403, 502 …). */
export function connectRoute(manager: ManagerRuntime, head: RequestHead): ForwardAction | undefined {
  const choice = manager.matcher?.match(head, manager.context.random, manager.context.trace);
  if (choice?.route.action.kind !== 'forward') return undefined;
  const { action } = choice.route;
  return manager.config.upgrades.includes('connect') || action.upgrades.includes('connect')
    ? action
    : undefined;
}

/**
 * Looks into an accepted tunnel: HTTP enters the same chain as any request (routed, mTLS), other bytes go
 * to the CONNECT route's cluster as they are.
 */
export function serveTunnel(
  server: ConnectionServer,
  chain: ChainRuntime,
  socket: Socket,
  info: ConnectionInfo,
  route: ForwardAction,
): void {
  inspect(
    socket,
    { tls: true, http: true, timeoutMs: silenceMs, timers: server.context.wheel },
    (outcome) => {
      if (outcome === 'gone' || outcome === 'stalled') return;
      if (
        outcome !== 'timeout' &&
        outcome.transport === 'raw_buffer' &&
        outcome.protocols.some((protocol) => protocol === 'http/1.1' || protocol === 'h2c')
      ) {
        server.serveHttp(chain, socket, info);
        return;
      }
      server.serveTcp(chain, socket, info, tunnelOf(route));
    },
  );
}

/** How bytes that are no HTTP go on. */
export const tunnelOf = ({ clusters, idleTimeoutMs = tcpIdleMs }: ForwardAction): TcpProxy => ({
  statPrefix: 'connect',
  clusters,
  idleTimeoutMs,
  maxConnectAttempts: 3,
  accessLogs: [],
});

import type { Socket } from 'node:net';
import type { TcpKeepalive } from '@tulle/decision/tables/cluster';

/** Turns on TCP keep-alive. What is left out is Linux's default. */
export function keepAlive(socket: Socket, options: TcpKeepalive | undefined): void {
  if (options === undefined) return;
  const { idleMs = 7_200_000, intervalMs = 75_000, probes = 9 } = options;
  socket.setKeepAlive({ enable: true, initialDelay: idleMs, interval: intervalMs, count: probes });
}

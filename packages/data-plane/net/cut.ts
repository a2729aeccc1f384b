import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Ends a connection in the middle of something, so that the peer can tell it from a proper end: by RST
 * where the socket is TCP itself. (A body that lasts until the close would else look complete, and a server
 * would go on with a request that nobody waits for.)
 */
export function cut(socket: Socket): void {
  if (isTcp(socket)) socket.resetAndDestroy();
  else socket.destroy();
}

/** Node refuses, by throwing, to reset a Unix socket; a tunnel's stream knows no resets. */
function isTcp(socket: Socket): boolean {
  return !(socket instanceof TLSSocket) && !socket.connecting && socket.remoteAddress !== undefined;
}

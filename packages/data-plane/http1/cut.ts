import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Ends a connection in the middle of something, so that the peer can tell it from a proper end: by RST
 * where the socket is TCP itself. (A body that lasts until the close would else look complete, and a server
 * would go on with a request that nobody waits for.)
 */
export function cut(socket: Socket): void {
  if (socket instanceof TLSSocket || socket.connecting || typeof socket.resetAndDestroy !== 'function') {
    socket.destroy();
  } else socket.resetAndDestroy();
}

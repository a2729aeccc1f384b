import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { isSocketPath } from '@tulle/decision/authority';
import { removeStaleSocket, systemPath } from './unix-socket.ts';

export interface BoundListenerOptions {
  /** An IP address, or the path of a Unix socket (`@name`: an abstract one). */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** `::` does not take IPv4. */
  readonly ipv6Only?: boolean;
  /** Permissions of a Unix socket's file; 0 or none: as the process makes files. */
  readonly socketMode?: number;
  /** Connections at a time; more are closed at once. */
  readonly maxConnections?: number;
  /** The socket is paused: nothing was read. Errors of the socket are the receiver's from here on. */
  readonly onConnection: (socket: Socket) => void;
}

/**
 * A listening socket and the connections that came through it.
 *
 * ```
 *   Open → Closing (accepts no more, connections live on) → Closed (the last connection is gone)
 * ```
 */
export class BoundListener {
  /** Accepted, ever. */
  accepted = 0;
  /** Closed for being too many, ever. */
  overflowed = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #options: BoundListenerOptions;

  private constructor(options: BoundListenerOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: false }, (socket) =>
      this.#accept(socket),
    );
  }

  /** @throws the system's error, EADDRINUSE among others */
  static async bind(options: BoundListenerOptions): Promise<BoundListener> {
    const listener = new BoundListener(options);
    const { address, port, ipv6Only = false, socketMode = 0 } = options;
    const isPath = isSocketPath(address);
    if (isPath) await removeStaleSocket(address);
    const where = isPath ? { path: systemPath(address) } : { host: address, port, ipv6Only };
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', reject);
      listener.#server.listen({ ...where, backlog: 1024 }, () => {
        listener.#server.off('error', reject);
        // Out of descriptors and the like: that connection is lost, the listener goes on.
        listener.#server.on('error', () => {});
        resolve();
      });
      // The file is there by now, and nobody has connected yet.
      if (isPath && socketMode > 0 && listener.#server.listening && !address.startsWith('@'))
        chmodSync(address, socketMode);
    });
    return listener;
  }

  get port(): number {
    const bound = this.#server.address();
    return bound === null || typeof bound === 'string' ? this.#options.port : bound.port;
  }

  /** Connections that live now. */
  get active(): number {
    return this.#sockets.size;
  }

  /** Accepts no more. Resolves when the socket is closed and every connection has ended. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  /** Ends every connection now. */
  destroyConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    if (this.#sockets.size >= (this.#options.maxConnections ?? Number.POSITIVE_INFINITY)) {
      this.overflowed++;
      socket.destroy();
      return;
    }
    this.accepted++;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#options.onConnection(socket);
  }
}

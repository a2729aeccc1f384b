import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';

export interface BoundListenerOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
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
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', reject);
      listener.#server.listen({ host: options.address, port: options.port, backlog: 1024 }, () => {
        listener.#server.off('error', reject);
        // Out of descriptors and the like: that connection is lost, the listener goes on.
        listener.#server.on('error', () => {});
        resolve();
      });
    });
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? this.#options.port;
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

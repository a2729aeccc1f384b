import { chmodSync } from 'node:fs';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { isSocketPath } from '@tulle/decision/authority';
import type { Gate } from '../overload/gate.ts';
import { Gauge, type SharePermits } from '../upstream/breakers.ts';
import type { SocketHandle, SocketSource } from './socket-source.ts';
import { removeStaleSocket, systemPath } from './unix-socket.ts';

/** What the listeners of a proxy share. */
export interface Entrance {
  /** Who may come in at all. */
  readonly gate?: Gate;
  /** The parent's sockets, in a worker. */
  readonly sockets?: SocketSource;
  /** In a worker among others: how the limit of connections is shared with them. */
  readonly share?: SharePermits;
}

export interface BoundListenerOptions extends Entrance {
  /** What the sockets of all workers for this address go by; the address by default. */
  readonly key?: string;
  /** An IP address, or the path of a Unix socket (`@name`: an abstract one). */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** `::` does not take IPv4. */
  readonly ipv6Only?: boolean;
  /** Permissions of a Unix socket's file; 0 or none: as the process makes files. */
  readonly socketMode?: number;
  /** Connections at a time; more are turned away at once. */
  readonly maxConnections?: number;
  /** For one worker at a time. */
  readonly exclusive?: boolean;
  /** Who is turned away understands HTTP/1.1 in clear text. */
  readonly speaksHttp?: () => boolean;
  /** The socket is paused: nothing was read. Errors of the socket are the receiver's from here on. */
  readonly onConnection: (socket: Socket) => void;
}

const backlog = 1024;
const unlimited = 2 ** 32 - 1;

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
  /** Turned away for being too many here, ever. */
  overflowed = 0;
  /** Turned away for being too many in this proxy, ever. */
  overflowedGlobally = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #options: BoundListenerOptions;
  readonly #key: string;
  readonly #limit: Gauge;

  private constructor(options: BoundListenerOptions) {
    this.#options = options;
    const { address, port, maxConnections = unlimited, share } = options;
    const key = options.key ?? `${address} ${port}`;
    this.#key = key;
    this.#limit = new Gauge(
      maxConnections,
      share === undefined ? undefined : (gauge) => share(`listener ${key}`, gauge),
    );
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: false }, (socket) =>
      this.#accept(socket),
    );
  }

  /** @throws the system's error, EADDRINUSE among others */
  static async bind(options: BoundListenerOptions): Promise<BoundListener> {
    const listener = new BoundListener(options);
    await (options.sockets === undefined ? listener.#bindHere() : listener.#bindThere(options.sockets));
    return listener;
  }

  async #bindHere(): Promise<void> {
    const { address, port, ipv6Only = false, socketMode = 0 } = this.#options;
    const isPath = isSocketPath(address);
    if (isPath) await removeStaleSocket(address);
    await this.#listen(isPath ? { path: systemPath(address) } : { host: address, port, ipv6Only }, () => {
      // The file is there by now, and nobody has connected yet.
      if (isPath && socketMode > 0 && this.#server.listening && !address.startsWith('@'))
        chmodSync(address, socketMode);
    });
  }

  async #bindThere(sockets: SocketSource): Promise<void> {
    const { address, port, ipv6Only = false, socketMode = 0, exclusive = false } = this.#options;
    const isPath = isSocketPath(address);
    if (isPath) await removeStaleSocket(address);
    const key = this.#key;
    const handle = await sockets.bind({ key, address, port, ipv6Only, socketMode, exclusive });
    // Node listens on handles of TCP sockets alone.
    await this.#listen(isPath ? { fd: handle.fd } : handle);
  }

  #listen(
    where: ListenOptions | { readonly fd: number } | SocketHandle,
    afterwards = (): void => {},
  ): Promise<void> {
    const server = this.#server;
    return new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const onListening = (): void => {
        server.off('error', reject);
        // Out of descriptors and the like: that connection is lost, the listener goes on.
        server.on('error', () => {});
        resolve();
      };
      if ('close' in where) server.listen(where, backlog, onListening);
      else server.listen({ ...where, backlog }, onListening);
      afterwards();
    });
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
      this.#limit.close();
      this.#options.sockets?.release(this.#key);
    });
  }

  /** Ends every connection now. */
  destroyConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    const { gate } = this.#options;
    if (gate?.enter() === false) {
      this.overflowedGlobally++;
      this.#turnAway(socket);
      return;
    }
    if (this.#limit.take()) {
      this.#letIn(socket);
      return;
    }
    const decide = (taken: boolean): void => {
      if (taken) {
        this.#letIn(socket);
        return;
      }
      this.overflowed++;
      gate?.leave();
      this.#turnAway(socket);
    };
    // Another worker may have room for one more: until it has answered, nothing is read, and nobody else listens.
    socket.on('error', () => socket.destroy());
    if (this.#limit.ask(decide) === undefined) decide(false);
  }

  #letIn(socket: Socket): void {
    this.accepted++;
    // It left while another worker was asked.
    if (socket.destroyed) {
      this.#leave();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#leave();
    });
    this.#options.onConnection(socket);
  }

  #leave(): void {
    this.#limit.release();
    this.#options.gate?.leave();
  }

  #turnAway(socket: Socket): void {
    const { gate, speaksHttp } = this.#options;
    if (gate === undefined) socket.destroy();
    else gate.turnAway(socket, speaksHttp?.() === true);
  }
}

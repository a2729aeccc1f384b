import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type RequestListener,
  type ServerOptions,
} from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '@tulle/xds/clock';

export interface ServingCertificate {
  readonly keyPem: string;
  readonly certPem: string;
}

/** First byte of a TLS record that carries a handshake. */
const tlsHandshake = 0x16;

/** How long a connection may be silent before it says what it speaks. */
const helloTimeout = 10_000;

/**
 * One port for HTTP and HTTPS: the first byte tells. kubectl sends its token over TLS only; the CLI, on the
 * same machine, needs none.
 *
 *     socket ─ first byte ─┬─ 0x16 ─▶ https.Server ─┐
 *                          └─ else ─▶ http.Server  ─┴─▶ requests
 */
export class Front {
  readonly http: HttpServer;
  readonly #https: HttpsServer | undefined;
  readonly #server: Server;
  readonly #undecided = new Set<Socket>();
  #answering = 0;
  #onAnswered: (() => void) | undefined;

  constructor(handler: RequestListener, options: ServerOptions, certificate: ServingCertificate | undefined) {
    const counted: RequestListener = (request, response) => {
      this.#answering++;
      response.once('close', () => {
        this.#answering--;
        if (this.#answering === 0) this.#onAnswered?.();
      });
      handler(request, response);
    };
    this.http = createHttpServer(options, counted);
    if (certificate !== undefined) {
      const { keyPem: key, certPem: cert } = certificate;
      this.#https = createHttpsServer({ ...options, key, cert, minVersion: 'TLSv1.2' }, counted);
    }
    // They never listen themselves, but only this makes them watch over their connections: header and request
    // timeouts, and closing all.
    for (const server of [this.http, this.#https]) server?.emit('listening');
    this.#server = createServer((socket) => this.#decide(socket));
  }

  listen(port: number, host: string): Promise<Server> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.removeListener('error', reject);
        resolve(this.#server);
      });
    });
  }

  /** Takes no new connections, lets the answers under way finish within the grace, ends the rest. */
  async close(clock: Clock, graceMs = 1000): Promise<void> {
    const closed = this.#server.listening ? new Promise((resolve) => this.#server.close(resolve)) : undefined;
    for (const socket of this.#undecided) socket.destroy();
    if (this.#answering > 0) {
      await new Promise<void>((resolve) => {
        const timer = clock.after(graceMs, resolve);
        this.#onAnswered = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    for (const server of [this.http, this.#https]) {
      server?.closeAllConnections();
      server?.close();
    }
    await closed;
  }

  #decide(socket: Socket): void {
    const https = this.#https;
    if (https === undefined) {
      this.http.emit('connection', socket);
      return;
    }
    this.#undecided.add(socket);
    socket.setTimeout(helloTimeout, () => socket.destroy());
    socket.once('error', () => socket.destroy());
    socket.once('close', () => this.#undecided.delete(socket));
    socket.once('readable', () => {
      const first: Buffer | null = socket.read();
      this.#undecided.delete(socket);
      if (first === null) return;
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.unshift(first);
      (first[0] === tlsHandshake ? https : this.http).emit('connection', socket);
    });
  }
}

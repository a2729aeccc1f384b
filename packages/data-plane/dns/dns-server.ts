import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { TimerWheel } from '../timers/wheel.ts';
import { MessageReader, withLength } from './framing.ts';
import type { Responder } from './responder.ts';

/** Clients over TCP at a time, how long one may say nothing, and how many of its questions may wait. */
const maxClients = 64;
const idleMs = 10_000;
const maxWaiting = 32;
/** Ports that the system may name which are free for UDP and not for TCP. */
const mostChoices = 10;
/** Elsewhere the system has no such option, or means something else by it. */
const canShare = process.platform === 'linux';

/** One address on which questions are answered, over UDP and TCP. */
export class DnsServer {
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #clients = new Set<Socket>();
  readonly #responder: Responder;
  readonly #wheel: TimerWheel;
  #closed = false;

  private constructor(address: string, responder: Responder, wheel: TimerWheel) {
    this.#responder = responder;
    this.#wheel = wheel;
    // Workers of one proxy, and the one that succeeds another, answer side by side.
    this.#udp = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', reusePort: canShare });
    this.#udp.on('message', (message, client) => {
      responder.respond(message, 'udp', (response) => {
        // Closed meanwhile, or the client's port is gone: nobody waits for it.
        if (!this.#closed) this.#udp.send(response, client.port, client.address, () => {});
      });
    });
    this.#tcp = createServer((socket) => this.#serve(socket));
    this.#tcp.maxConnections = maxClients;
  }

  /** @param port 0: any that is free for both. @throws the system's error */
  static async bind(
    address: string,
    port: number,
    responder: Responder,
    wheel: TimerWheel,
  ): Promise<DnsServer> {
    for (let choices = port === 0 ? mostChoices : 1; ; choices--) {
      const server = new DnsServer(address, responder, wheel);
      try {
        await server.#listen(address, port);
        return server;
      } catch (error) {
        server.close();
        if (choices <= 1) throw error;
      }
    }
  }

  async #listen(address: string, port: number): Promise<void> {
    this.#udp.bind(port, address);
    await once(this.#udp, 'listening');
    this.#tcp.listen({ host: address, port: this.port, reusePort: canShare });
    await once(this.#tcp, 'listening');
    // What happens to one datagram or connection is no reason to end.
    this.#udp.on('error', () => {});
    this.#tcp.on('error', () => {});
  }

  get port(): number {
    return this.#udp.address().port;
  }

  close(): void {
    this.#closed = true;
    this.#udp.close();
    this.#tcp.close();
    for (const client of this.#clients) client.destroy();
  }

  #serve(socket: Socket): void {
    this.#clients.add(socket);
    const idle = this.#wheel.timer(() => socket.destroy());
    let waiting = 0;
    // Who does not take its answers is asked no further.
    const regulate = (): void => {
      if (waiting >= maxWaiting || socket.writableNeedDrain) socket.pause();
      else socket.resume();
    };
    const reader = new MessageReader((message) => {
      waiting++;
      this.#responder.respond(message, 'tcp', (response) => {
        waiting--;
        socket.write(withLength(response));
        regulate();
      });
      regulate();
    });
    socket.on('drain', regulate);
    socket.on('data', (chunk: Buffer) => {
      idle.start(idleMs);
      reader.push(chunk);
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      idle.stop();
      this.#clients.delete(socket);
    });
    idle.start(idleMs);
  }
}

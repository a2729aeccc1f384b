import type { Socket } from 'node:net';
import { Headers } from '@tulle/decision/headers';
import type { ConnectionInfo } from '../http/connection-info.ts';
import { HttpStream } from '../http/http-stream.ts';
import type { ManagerCounters, ManagerRuntime } from '../http/manager.ts';
import type { RequestHead, ResponseHead, Stream, StreamHandler } from '../http/stream.ts';
import { StreamSocket } from '../http/stream-socket.ts';
import { Http1Server } from '../http1/server/server.ts';
import { Http2Server } from '../http2/server.ts';
import { revoked } from '../net/tls/trusted-connections.ts';
import type { Timer } from '../timers/wheel.ts';
import type { ChainRuntime, DrainableConnection } from './chain-runtime.ts';
import { codecLimits } from './codec-limits.ts';
import type { ConnectionServer } from './connection-server.ts';
import { connectRoute, serveTunnel } from './tunnel.ts';

/**
 * One connection of an HTTP chain and the codec that serves it: HTTP/2 where TLS has agreed on it, else HTTP/1.1
 * until the client's first bytes say otherwise (RFC 9113 section 3.3).
 */
export class HttpConnection implements DrainableConnection {
  readonly #server: ConnectionServer;
  readonly #chain: ChainRuntime;
  readonly #info: ConnectionInfo;
  #codec: Http1Server | Http2Server;
  #manager: ManagerRuntime;
  #requests = 0;
  #age: Timer | undefined = undefined;

  /** @param manager the chain's of now; one that it gets later takes its place */
  constructor(
    server: ConnectionServer,
    chain: ChainRuntime,
    manager: ManagerRuntime,
    socket: Socket,
    info: ConnectionInfo,
  ) {
    this.#server = server;
    this.#chain = chain;
    this.#manager = manager;
    this.#info = info;
    const { codec, maxConnectionDurationMs } = manager.config;
    const http2 = codec === 'http2' || (codec === 'auto' && info.tls?.alpn === 'h2');
    this.#codec = http2 ? this.#openHttp2(socket) : this.#openHttp1(socket);
    if (maxConnectionDurationMs > 0) {
      this.#age = server.context.wheel.timer(() => this.drain());
      this.#age.start(maxConnectionDurationMs);
    }
    chain.connections.add(this);
    if (info.tls !== undefined) socket.once(revoked, () => this.drain());
  }

  get busy(): boolean {
    return this.#codec.busy;
  }

  drain(): void {
    this.#codec.drain();
  }

  destroy(): void {
    this.#codec.destroy();
  }

  #openHttp1(socket: Socket): Http1Server {
    const { codec } = this.#manager.config;
    const mayBeHttp2 = codec === 'auto' && this.#info.tls?.alpn !== 'http/1.1';
    return new Http1Server(socket, {
      ...this.#common,
      limits: codecLimits(this.#manager.config).http1,
      // As Envoy: a client that ends its sending has left.
      halfClose: 'reset',
      onRequest: (_head, stream) => this.#begin(stream),
      onConnect: (head, connection) => this.#acceptTunnel(head, connection),
      ...(mayBeHttp2 ? { onHttp2: (connection: Http1Server) => this.#switchToHttp2(connection) } : {}),
    });
  }

  #switchToHttp2(connection: Http1Server): void {
    const socket = connection.release();
    this.#codec = this.#openHttp2(socket);
    socket.resume();
  }

  #openHttp2(socket: Socket): Http2Server {
    const { config } = this.#manager;
    return new Http2Server(socket, {
      ...this.#common,
      limits: codecLimits(config).http2,
      ...(config.http2.keepalive === undefined ? {} : { keepalive: config.http2.keepalive }),
      onRequest: (head, stream) => this.#tunnel(head, stream) ?? this.#begin(stream),
    });
  }

  get #common() {
    const { context, outboxes } = this.#server;
    return {
      timers: context.wheel,
      outboxes,
      scheme: this.#info.tls === undefined ? 'http' : 'https',
      onClose: () => this.#closed(),
    } as const;
  }

  #begin(stream: Stream<ResponseHead>): StreamHandler<RequestHead> {
    const manager = this.#refresh();
    const { maxRequestsPerConnection: most } = manager.config;
    if (this.#requests++ === 0) this.#count(manager.counters);
    // The last request of a connection whose chain is gone, or that has served enough: its response says so.
    if (this.#chain.retired || (most > 0 && this.#requests >= most)) this.drain();
    return new HttpStream(manager, this.#info, stream);
  }

  #count(counters: ManagerCounters): void {
    if (this.#codec instanceof Http2Server) counters.http2Connections++;
    else counters.http1Connections++;
  }

  /** A chain that became something else keeps its last manager for the connections that it has. */
  #refresh(): ManagerRuntime {
    const { service } = this.#chain;
    if (service.kind === 'http') this.#manager = service.manager;
    return this.#manager;
  }

  // --- CONNECT: the bytes enter the chain, or go to where the client wanted ------------------------------------

  /** True: the tunnel has the connection. */
  #acceptTunnel(head: RequestHead, connection: Http1Server): boolean {
    const route = this.#tunnelRoute(head);
    if (route === undefined) return false;
    const socket = connection.acceptTunnel();
    this.#closed();
    serveTunnel(this.#server, this.#chain, socket, this.#inTunnel(head), route);
    return true;
  }

  /** Undefined: it is answered like any request. */
  #tunnel(head: RequestHead, stream: Stream<ResponseHead>): StreamHandler<RequestHead> | undefined {
    const route = head.upgrade === 'connect' ? this.#tunnelRoute(head) : undefined;
    if (route === undefined) return undefined;
    const socket = new StreamSocket(stream);
    stream.sendHead({ status: 200, headers: new Headers(), protocol: 'HTTP/2' }, false);
    serveTunnel(this.#server, this.#chain, socket.asSocket(), this.#inTunnel(head), route);
    return socket;
  }

  #tunnelRoute(head: RequestHead): ReturnType<typeof connectRoute> {
    // No tunnels in tunnels.
    return this.#info.tunnel === undefined ? connectRoute(this.#refresh(), head) : undefined;
  }

  #inTunnel(head: RequestHead): ConnectionInfo {
    return { ...this.#info, tunnel: head.authority, memo: new Map() };
  }

  #closed(): void {
    this.#age?.stop();
    this.#chain.connections.delete(this);
  }
}

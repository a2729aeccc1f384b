import type { Socket } from 'node:net';
import type { Listener } from '@tulle/decision/tables';
import type { ConnectionInfo, ConnectionTls } from '../http/connection-info.ts';
import { HttpStream } from '../http/http-stream.ts';
import type { ManagerRuntime, StreamContext } from '../http/manager.ts';
import type { RequestHead } from '../http/stream.ts';
import { defaultHttp1Limits, type Http1Limits } from '../http1/limits.ts';
import { Http1Server } from '../http1/server.ts';
import { addressesOf } from '../net/addresses.ts';
import type { Outboxes } from '../net/outbox.ts';
import { revoked } from '../net/trusted-connections.ts';
import { proxyTcp, type TcpLogger, type TcpObserver } from '../tcp/tcp-proxy.ts';
import type { ChainRuntime } from './chain-runtime.ts';
import { connectRoute, serveTunnel } from './tunnel.ts';

/** Serves connections whose chain is known: the step from sockets to streams. */
export class ConnectionServer {
  readonly context: StreamContext;
  readonly outboxes: Outboxes;
  readonly #tcpLoggers: (paths: ChainRuntime) => readonly TcpLogger[];
  readonly #tcpObserver: TcpObserver | undefined;
  #nextId = 1;

  constructor(parts: {
    readonly context: StreamContext;
    readonly outboxes: Outboxes;
    readonly tcpLoggers: (chain: ChainRuntime) => readonly TcpLogger[];
    readonly tcpObserver?: TcpObserver;
  }) {
    this.context = parts.context;
    this.outboxes = parts.outboxes;
    this.#tcpLoggers = parts.tcpLoggers;
    this.#tcpObserver = parts.tcpObserver;
  }

  serve(listener: Listener, chain: ChainRuntime, socket: Socket, tls: ConnectionTls | undefined): void {
    const info = this.#describe(listener, socket, tls);
    if (chain.service.kind === 'http') this.serveHttp(chain, socket, info);
    else this.serveTcp(chain, socket, info, chain.service.proxy);
  }

  serveHttp(chain: ChainRuntime, socket: Socket, info: ConnectionInfo): void {
    const { service } = chain;
    if (service.kind !== 'http') {
      socket.destroy();
      return;
    }
    let manager = service.manager;
    const connection = new Http1Server(socket, {
      limits: limitsOf(manager),
      timers: this.context.wheel,
      outboxes: this.outboxes,
      // As Envoy: a client that ends its sending has left.
      halfClose: 'reset',
      scheme: info.tls === undefined ? 'http' : 'https',
      onRequest: (_head, stream) => {
        // A chain that became something else keeps its last manager for the connections that it has.
        if (chain.service.kind === 'http') manager = chain.service.manager;
        // The last request of a connection whose chain is gone: its response says so.
        if (chain.retired) connection.drain();
        return new HttpStream(manager, info, stream);
      },
      onConnect: (head, http) => {
        if (chain.service.kind === 'http') manager = chain.service.manager;
        return this.#tunnel(manager, chain, info, head, http);
      },
      onClose: () => chain.connections.delete(connection),
    });
    chain.connections.add(connection);
    if (info.tls !== undefined) socket.once(revoked, () => connection.drain());
  }

  serveTcp(
    chain: ChainRuntime,
    socket: Socket,
    info: ConnectionInfo,
    proxy: Parameters<typeof proxyTcp>[1],
  ): void {
    proxyTcp(socket, proxy, {
      context: this.context,
      outboxes: this.outboxes,
      info,
      loggers: this.#tcpLoggers(chain),
      ...(this.#tcpObserver === undefined ? {} : { observer: this.#tcpObserver }),
    });
  }

  /** True: the CONNECT was accepted and its bytes enter the chain, or go to where it wanted. */
  #tunnel(
    manager: ManagerRuntime,
    chain: ChainRuntime,
    info: ConnectionInfo,
    head: RequestHead,
    http: Http1Server,
  ): boolean {
    // No tunnels in tunnels.
    if (info.tunnel !== undefined) return false;
    const route = connectRoute(manager, head);
    if (route === undefined) return false;
    const socket = http.acceptTunnel();
    chain.connections.delete(http);
    serveTunnel(this, chain, socket, { ...info, tunnel: head.authority, memo: new Map() }, route);
    return true;
  }

  #describe(listener: Listener, socket: Socket, tls: ConnectionTls | undefined): ConnectionInfo {
    return {
      id: this.#nextId++,
      ...addressesOf(socket, listener),
      listener: listener.name,
      direction: listener.direction,
      ...(tls === undefined ? {} : { tls }),
      memo: new Map(),
    };
  }
}

function limitsOf({ config }: ManagerRuntime): Http1Limits {
  return {
    ...defaultHttp1Limits,
    maxHeadBytes:
      config.maxRequestHeadersBytes > 0 ? config.maxRequestHeadersBytes : defaultHttp1Limits.maxHeadBytes,
    ...(config.requestHeadersTimeoutMs > 0 ? { headTimeoutMs: config.requestHeadersTimeoutMs } : {}),
    idleTimeoutMs: config.idleTimeoutMs,
  };
}

import type { Socket } from 'node:net';
import type { Listener } from '@tulle/decision/tables/listener';
import type { ConnectionInfo, ConnectionTls } from '../http/connection-info.ts';
import type { StreamContext } from '../http/manager.ts';
import type { Pacers } from '../limits/pacer.ts';
import { addressesOf } from '../net/addresses.ts';
import type { Entrance } from '../net/listener.ts';
import type { Outboxes } from '../net/outbox.ts';
import { proxyTcp, type TcpLogger, type TcpObserver } from '../tcp/tcp-proxy.ts';
import type { ChainRuntime } from './chain-runtime.ts';
import { HttpConnection } from './http-connection.ts';

/** Serves connections whose chain is known: the step from sockets to streams. */
export class ConnectionServer {
  readonly context: StreamContext;
  readonly outboxes: Outboxes;
  /** How listeners are bound, and who is let in. */
  readonly entrance: Entrance;
  readonly #tcpLoggers: (chain: ChainRuntime) => readonly TcpLogger[];
  readonly #tcpObserver: TcpObserver | undefined;
  readonly #pacers: Pacers | undefined;
  #nextId = 1;

  constructor(parts: {
    readonly context: StreamContext;
    readonly outboxes: Outboxes;
    readonly tcpLoggers: (chain: ChainRuntime) => readonly TcpLogger[];
    readonly tcpObserver?: TcpObserver;
    readonly entrance?: Entrance;
    /** Of bandwidth limits. */
    readonly pacers?: Pacers;
  }) {
    this.context = parts.context;
    this.entrance = parts.entrance ?? {};
    this.outboxes = parts.outboxes;
    this.#pacers = parts.pacers;
    this.#tcpLoggers = parts.tcpLoggers;
    this.#tcpObserver = parts.tcpObserver;
  }

  /** @param passedName server name of TLS that is not terminated here; empty: none */
  serve(
    listener: Listener,
    chain: ChainRuntime,
    socket: Socket,
    tls: ConnectionTls | undefined,
    passedName = '',
  ): void {
    const info = this.#describe(listener, chain, socket, tls, passedName);
    if (chain.service.kind === 'http') this.serveHttp(chain, socket, info);
    else this.serveTcp(chain, socket, info, chain.service.proxy);
  }

  serveHttp(chain: ChainRuntime, socket: Socket, info: ConnectionInfo): void {
    const { service } = chain;
    if (service.kind !== 'http') {
      socket.destroy();
      return;
    }
    new HttpConnection(this, chain, service.manager, socket, info);
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
      ...(this.#pacers === undefined ? {} : { pacers: this.#pacers }),
      ...(this.#tcpObserver === undefined ? {} : { observer: this.#tcpObserver }),
    });
  }

  #describe(
    listener: Listener,
    chain: ChainRuntime,
    socket: Socket,
    tls: ConnectionTls | undefined,
    passedName: string,
  ): ConnectionInfo {
    const { serverNames } = chain.config.match;
    return {
      id: this.#nextId++,
      ...addressesOf(socket, listener),
      listener: listener.name,
      direction: listener.direction,
      ...(tls === undefined ? {} : { tls }),
      ...(passedName === '' ? {} : { requestedServerName: passedName }),
      ...(tls === undefined || serverNames.length === 0 ? {} : { serverNames }),
      memo: new Map(),
    };
  }
}

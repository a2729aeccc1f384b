import type { Socket } from 'node:net';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import type { ConnectionTls } from '../http/connection-info.ts';
import { addressesOf } from '../net/addresses.ts';
import { chooseFilterChain } from '../net/filter-chain.ts';
import { BoundListener } from '../net/listener.ts';
import { takeProxyHeader } from '../net/proxy-protocol/read-proxy-header.ts';
import { inspect } from '../net/sniffing/inspect.ts';
import { type Inspection, uninspected } from '../net/sniffing/sniff.ts';
import type { ChainRuntime } from './chain-runtime.ts';
import type { ConnectionServer } from './connection-server.ts';
import type { Redirections } from './redirections.ts';

/** Hears, for the log, why a connection was closed before it was anybody's. */
export type OnRefused = (listener: string, reason: string) => void;

export interface ListenerCounters {
  readonly accepted: number;
  readonly active: number;
  /** Turned away for being too many: here, and in the proxy. */
  readonly overflowed: number;
  readonly overflowedGlobally: number;
}

const noCounts: ListenerCounters = { accepted: 0, active: 0, overflowed: 0, overflowedGlobally: 0 };

/** One address and what serves there now. */
export class ActiveListener {
  config: Listener;
  chains: ReadonlyMap<FilterChain, ChainRuntime> = new Map();
  /** Connections that no chain wanted. */
  unmatched = 0;
  /** Connections whose first bytes did not come in time. */
  inspectTimeouts = 0;
  /** Connections closed for the PROXY header that they lacked, or that was malformed. */
  proxyHeaderErrors = 0;
  readonly #server: ConnectionServer;
  readonly #redirections: Redirections;
  readonly #onRefused: OnRefused | undefined;
  #bound: BoundListener | undefined = undefined;

  constructor(
    config: Listener,
    server: ConnectionServer,
    redirections: Redirections,
    onRefused: OnRefused | undefined,
  ) {
    this.#onRefused = onRefused;
    this.config = config;
    this.#server = server;
    this.#redirections = redirections;
  }

  get port(): number {
    return this.#bound?.port ?? this.config.port;
  }

  get bound(): boolean {
    return this.#bound !== undefined;
  }

  get counters(): ListenerCounters {
    return this.#bound ?? noCounts;
  }

  /** @throws the system's error */
  async bind(): Promise<void> {
    if (this.config.unbound === true) return;
    if (this.config.originalDestination !== undefined) await this.#redirections.load();
    const { name, address, port, ipv6Only, socketMode, maxConnections } = this.config;
    this.#bound = await BoundListener.bind({
      ...this.#server.entrance,
      // A port that the system chooses is one for all workers.
      ...(port === 0 ? { key: name } : {}),
      address,
      port,
      ...(ipv6Only === undefined ? {} : { ipv6Only }),
      ...(socketMode === undefined ? {} : { socketMode }),
      ...(maxConnections === undefined ? {} : { maxConnections }),
      speaksHttp: () => this.config.filterChains.every(speaksClearHttp),
      onConnection: (socket) => this.#accept(socket),
    });
  }

  /** Accepts no more; resolves when all connections have ended. */
  stopAccepting(): Promise<void> {
    return this.#bound?.close() ?? Promise.resolve();
  }

  drainConnections(): void {
    for (const chain of this.chains.values()) for (const connection of chain.connections) connection.drain();
  }

  destroy(): void {
    void this.#bound?.close();
    this.#bound?.destroyConnections();
  }

  #accept(socket: Socket): void {
    // Until a codec has it, an error is only the end of it.
    socket.on('error', () => socket.destroy());
    const { proxyProtocol } = this.config;
    if (proxyProtocol === undefined) {
      this.#direct(socket);
      return;
    }
    takeProxyHeader(
      socket,
      proxyProtocol,
      this.#server.context.wheel,
      () => this.#direct(socket),
      (why) => {
        if (why !== undefined) this.proxyHeaderErrors++;
      },
    );
  }

  /** What was redirected here goes to whom it was meant for. */
  #direct(socket: Socket): void {
    if (this.config.originalDestination === undefined) {
      this.#inspect(socket);
      return;
    }
    const receiver = this.#redirections.receive(socket, this);
    if (receiver !== undefined) {
      receiver.#inspect(socket);
      return;
    }
    // It was going to this listener itself, or nobody knows where.
    this.unmatched++;
    socket.destroy();
  }

  #inspect(socket: Socket): void {
    const { config } = this;
    inspect(
      socket,
      {
        tls: inspectsTls(config),
        http: config.inspectHttp,
        timeoutMs: config.inspectTimeoutMs,
        timers: this.#server.context.wheel,
      },
      (outcome) => {
        if (outcome === 'gone') return;
        if (outcome !== 'timeout' && outcome !== 'stalled') {
          this.#dispatch(socket, outcome);
          return;
        }
        this.inspectTimeouts++;
        if (outcome === 'timeout' && this.config.continueOnInspectTimeout)
          this.#dispatch(socket, uninspected);
        else socket.destroy();
      },
    );
  }

  #dispatch(socket: Socket, inspection: Inspection): void {
    // The configuration of now, not of when the connection came.
    const chosen = chooseFilterChain(this.config, inspection, addressesOf(socket, this.config));
    const chain = chosen === undefined ? undefined : this.chains.get(chosen);
    chain?.lookAtFiles?.();
    if (chain === undefined || chain.notReady !== undefined) {
      this.unmatched++;
      this.#onRefused?.(this.config.name, chain?.notReady ?? `${spoken(inspection)} is not served here`);
      socket.destroy();
      return;
    }
    if (chain.terminator === undefined) this.serve(chain, socket, undefined, inspection.serverName);
    else chain.terminator.accept(socket, inspection.serverName);
  }

  /** Called for plain connections, and by the chain's terminator once TLS is there. */
  serve(chain: ChainRuntime, socket: Socket, tls: ConnectionTls | undefined, passedName = ''): void {
    this.#server.serve(this.config, chain, socket, tls, passedName);
  }
}

function spoken({ transport, serverName }: Inspection): string {
  if (transport === 'raw_buffer') return 'plain text';
  return serverName === '' ? 'TLS without a server name' : `TLS for ${JSON.stringify(serverName)}`;
}

function speaksClearHttp({ tls, filter }: FilterChain): boolean {
  return tls === undefined && filter.kind === 'http';
}

/** Whether a ClientHello is looked for: by an inspector, or because a chain depends on it. */
export const inspectsTls = (listener: Listener): boolean =>
  listener.inspectTls || chainsOf(listener).some(needsTlsInspection);

const chainsOf = ({ filterChains, defaultFilterChain }: Listener): readonly FilterChain[] =>
  defaultFilterChain === undefined ? filterChains : [...filterChains, defaultFilterChain];

function needsTlsInspection({ match, tls }: FilterChain): boolean {
  const choosesCertificate = tls !== undefined && tls.certificateSecrets.length > 1;
  return match.transportProtocol !== '' || match.serverNames.length > 0 || choosesCertificate;
}

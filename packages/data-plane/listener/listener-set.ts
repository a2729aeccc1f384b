import type { TLSSocket } from 'node:tls';
import { isSocketPath } from '@tulle/decision/authority';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import type { Tables } from '@tulle/decision/tables/tables';
import type { DownstreamTls } from '@tulle/decision/tables/tls';
import { isFileSecret } from '../file-secrets.ts';
import type { ConnectionTls } from '../http/connection-info.ts';
import type { PeerIdentity } from '../net/certificates/spiffe.ts';
import { MissingSecret, ownSecret, type SecretSource } from '../net/tls/material.ts';
import { TlsTerminator } from '../net/tls/server.ts';
import type { TrustedConnections } from '../net/tls/trusted-connections.ts';
import { ActiveListener, type OnRefused } from './active-listener.ts';
import { bindFailure, type ListenerFailure } from './bind-failure.ts';
import type { ChainBuilder } from './chain-builder.ts';
import { ChainRuntime, chainKey } from './chain-runtime.ts';
import type { ConnectionServer } from './connection-server.ts';
import { Redirections } from './redirections.ts';

export interface ListenerSetParts {
  readonly server: ConnectionServer;
  readonly builder: ChainBuilder;
  readonly secrets: SecretSource;
  readonly trusted: TrustedConnections;
  /** Our own SPIFFE ID. */
  readonly localUri: () => string | undefined;
  readonly onRefused?: OnRefused;
}

/** How long an idle connection of a chain that is gone is kept. */
const retiredIdleMs = 5_000;
const fileLookMs = 1_000;

/** All listeners of a proxy. */
export class ListenerSet {
  readonly #parts: ListenerSetParts;
  /** By address and port: a listener that only changes its name keeps its socket. */
  readonly #active = new Map<string, ActiveListener>();
  readonly #closing = new Set<ActiveListener>();
  readonly #redirections = new Redirections(
    (address, port) =>
      this.#active.get(unboundKey(address, port)) ?? this.#active.get(boundKey(address, port)),
  );
  /** Being bound, by address and port: a later update waits for the same outcome. */
  readonly #binding = new Map<string, Promise<ListenerFailure | undefined>>();

  constructor(parts: ListenerSetParts) {
    this.#parts = parts;
  }

  get active(): Iterable<ActiveListener> {
    return this.#active.values();
  }

  get(name: string): ActiveListener | undefined {
    for (const listener of this.#active.values()) if (listener.config.name === name) return listener;
    return undefined;
  }

  /** Connections that chains can't serve for want of a secret. */
  get notReady(): readonly ListenerFailure[] {
    const missing: ListenerFailure[] = [];
    for (const listener of this.#active.values()) {
      for (const chain of listener.chains.values()) {
        if (chain.notReady !== undefined)
          missing.push({ listener: listener.config.name, reason: chain.notReady });
      }
    }
    return missing;
  }

  /**
   * Swaps what is there already, closes what is gone, opens what is new. Resolves when new listeners are
   * bound, with those that could not be.
   */
  async update(tables: Tables): Promise<readonly ListenerFailure[]> {
    const wanted = new Map(
      [...tables.listeners.values()]
        .filter(({ dns }) => dns === undefined)
        .map((listener) => [addressKey(listener), listener]),
    );
    for (const [key, listener] of [...this.#active]) {
      if (wanted.has(key)) continue;
      this.#active.delete(key);
      this.#close(listener);
    }
    for (const [key, config] of wanted) {
      const known = this.#active.get(key);
      const listener =
        known ?? new ActiveListener(config, this.#parts.server, this.#redirections, this.#parts.onRefused);
      this.#configure(listener, config, tables);
      if (known !== undefined) continue;
      this.#active.set(key, listener);
      this.#binding.set(key, this.#bind(key, listener));
    }
    const outcomes = await Promise.all([...wanted.keys()].map((key) => this.#binding.get(key)));
    return outcomes.filter((failure) => failure !== undefined);
  }

  /** Secrets have changed: new connections use the new ones. */
  updateSecrets(): void {
    for (const listener of this.#active.values()) {
      for (const chain of listener.chains.values()) this.#secure(listener, chain);
    }
  }

  /** Connections of listeners, those that are closing included. */
  get connections(): number {
    return [...this.#active.values(), ...this.#closing].reduce(
      (sum, { counters }) => sum + counters.active,
      0,
    );
  }

  /** Connections that came for the application so far. */
  get acceptedInbound(): number {
    return [...this.#active.values()]
      .filter(({ config }) => config.direction === 'inbound')
      .reduce((sum, { counters }) => sum + counters.accepted, 0);
  }

  /** Accepts no more; resolves when all connections have ended. */
  async stopAccepting(): Promise<void> {
    await Promise.all(
      [...this.#active.values(), ...this.#closing].map((listener) => listener.stopAccepting()),
    );
  }

  /** Asks clients to go: idle connections close, busy ones after their response. */
  drainConnections(): void {
    for (const listener of this.#active.values()) listener.drainConnections();
  }

  destroy(): void {
    for (const listener of [...this.#active.values(), ...this.#closing]) {
      listener.destroy();
      for (const chain of listener.chains.values()) chain.terminator?.close();
    }
    this.#active.clear();
  }

  async #bind(key: string, listener: ActiveListener): Promise<ListenerFailure | undefined> {
    try {
      await listener.bind();
      // Removed while it was being bound.
      if (this.#active.get(key) !== listener) this.#close(listener);
      return undefined;
    } catch (error) {
      if (this.#active.get(key) === listener) this.#active.delete(key);
      return bindFailure(listener.config, error as Error);
    } finally {
      // Removed and wanted again meanwhile, the key is another's.
      const current = this.#active.get(key);
      if (current === undefined || current === listener) this.#binding.delete(key);
    }
  }

  #close(listener: ActiveListener): void {
    this.#closing.add(listener);
    void listener.stopAccepting().finally(() => this.#closing.delete(listener));
    for (const chain of listener.chains.values())
      chain.retire(this.#parts.server.context.wheel, retiredIdleMs);
  }

  #configure(listener: ActiveListener, config: Listener, tables: Tables): void {
    const before = new Map([...listener.chains.values()].map((chain) => [chainKey(chain.config), chain]));
    const next = new Map<FilterChain, ChainRuntime>();
    const all =
      config.defaultFilterChain === undefined
        ? config.filterChains
        : [...config.filterChains, config.defaultFilterChain];
    for (const chainConfig of all) {
      const key = chainKey(chainConfig);
      const known = before.get(key);
      before.delete(key);
      const service = this.#parts.builder.build(chainConfig, config, tables, known);
      const chain = known ?? new ChainRuntime(chainConfig, service);
      const sameTls = chain.config.tls === chainConfig.tls;
      chain.config = chainConfig;
      chain.service = service;
      if (!sameTls) chain.terminator = undefined;
      next.set(chainConfig, chain);
      this.#secure(listener, chain);
      chain.lookAtFiles = usesFiles(chainConfig.tls) ? this.#looker(listener, chain) : undefined;
    }
    listener.config = config;
    listener.chains = next;
    for (const gone of before.values()) gone.retire(this.#parts.server.context.wheel, retiredIdleMs);
  }

  /** Makes the chain's TLS, or brings it up to date. A secret that is missing keeps the chain from serving. */
  #secure(listener: ActiveListener, chain: ChainRuntime): void {
    const { tls } = chain.config;
    if (tls === undefined) return;
    try {
      if (chain.terminator !== undefined) chain.terminator.update(this.#parts.secrets);
      else {
        chain.terminator = new TlsTerminator(
          {
            tls,
            timers: this.#parts.server.context.wheel,
            counters: chain.tlsCounters,
            wallNow: this.#parts.server.context.wallNow,
            onSecure: (socket, peer) => {
              if (peer !== undefined)
                this.#parts.trusted.add(socket, peer.certificate, () => chain.config.tls?.validation);
              listener.serve(chain, socket, this.#describe(socket, peer, tls));
            },
            onRefused: (reason) => this.#parts.onRefused?.(listener.config.name, `TLS refused: ${reason}`),
          },
          this.#parts.secrets,
        );
      }
      chain.notReady = undefined;
    } catch (error) {
      // With a terminator the old secrets go on serving.
      if (chain.terminator !== undefined) return;
      chain.notReady =
        error instanceof MissingSecret ? error.message : `unusable certificate: ${(error as Error).message}`;
    }
  }

  /** Nobody tells of files: before a handshake they are looked at, at most each second. */
  #looker(listener: ActiveListener, chain: ChainRuntime): () => void {
    const { wheel } = this.#parts.server.context;
    let last = wheel.now();
    return () => {
      const now = wheel.now();
      if (now - last < fileLookMs) return;
      last = now;
      this.#secure(listener, chain);
    };
  }

  #describe(socket: TLSSocket, peer: PeerIdentity | undefined, tls: DownstreamTls): ConnectionTls {
    // A gateway's other certificates do not show who it is.
    const localUri = tls.certificateSecrets.includes(ownSecret) ? this.#parts.localUri() : undefined;
    const serverName: unknown = (socket as { servername?: unknown }).servername;
    return {
      ...(peer === undefined ? {} : { peerFingerprint: peer.fingerprint, peerCertificate: peer.certificate }),
      ...(peer?.spiffeId === undefined ? {} : { peerUri: peer.spiffeId }),
      ...(localUri === undefined ? {} : { localUri }),
      ...(typeof serverName === 'string' ? { serverName } : {}),
      ...(typeof socket.alpnProtocol === 'string' ? { alpn: socket.alpnProtocol } : {}),
      version: socket.getProtocol() ?? '',
      cipher: socket.getCipher().standardName,
    };
  }
}

function usesFiles(tls: DownstreamTls | undefined): boolean {
  const { rootsSecret = '', crlSecret = '' } = tls?.validation ?? {};
  return [...(tls?.certificateSecrets ?? []), rootsSecret, crlSecret].some(isFileSecret);
}

function addressKey({ name, address, port, unbound, originalDestination }: Listener): string {
  if (isSocketPath(address)) return address;
  if (port === 0) return `name ${name}`;
  if (unbound === true) return unboundKey(address, port);
  // What reads destinations is loaded before such a listener is bound.
  return originalDestination === undefined
    ? boundKey(address, port)
    : `redirected ${boundKey(address, port)}`;
}

const boundKey = (address: string, port: number): string => `${address} ${port}`;
const unboundKey = (address: string, port: number): string => `unbound ${address} ${port}`;

import type { FilterChain } from '@tulle/decision/tables/listener';
import type { TcpProxy } from '@tulle/decision/tables/tcp-proxy';
import type { ManagerRuntime } from '../http/manager.ts';
import { TlsCounters } from '../net/tls/counters.ts';
import type { TlsTerminator } from '../net/tls/server.ts';
import type { TimerWheel } from '../timers/wheel.ts';

/** What a filter chain serves with, of one epoch. */
export type ChainService =
  | { readonly kind: 'http'; readonly manager: ManagerRuntime }
  | { readonly kind: 'tcp'; readonly proxy: TcpProxy };

/**
 * A filter chain over epochs: connections hold on to it and ask for `service` when they need it, so that a
 * swap reaches them.
 */
export class ChainRuntime {
  config: FilterChain;
  service: ChainService;
  /** Undefined for plain text. */
  terminator: TlsTerminator | undefined = undefined;
  /** Looks whether files with its secrets have changed; undefined: none of them is in files. */
  lookAtFiles: (() => void) | undefined = undefined;
  /** Of all its terminators. */
  readonly tlsCounters = new TlsCounters();
  /** Why the chain can't serve yet: a secret is missing. */
  notReady: string | undefined = undefined;
  /** No longer configured; connections finish what they do. */
  retired = false;
  readonly connections = new Set<DrainableConnection>();

  constructor(config: FilterChain, service: ChainService) {
    this.config = config;
    this.service = service;
  }

  /**
   * Connections close with the response that they wait for, or with their next one; those that stay idle
   * close after `idleMs`, so that no client finds its connection closed as it begins to use it.
   */
  retire(wheel: TimerWheel, idleMs: number): void {
    this.retired = true;
    for (const connection of this.connections) if (connection.busy) connection.drain();
    if (this.connections.size === 0) return;
    wheel
      .timer(() => {
        for (const connection of this.connections) connection.drain();
      })
      .start(idleMs);
  }
}

export interface DrainableConnection {
  /** A request is being served. */
  readonly busy: boolean;
  /** Lets the current request finish, then closes. */
  drain(): void;
  destroy(): void;
}

/** Chains are the same over epochs when they are of one name and kind; nameless ones by what they match. */
export function chainKey(chain: FilterChain): string {
  const what = chain.name !== '' ? chain.name : JSON.stringify(chain.match);
  return `${chain.filter.kind} ${chain.tls === undefined ? 'raw' : 'tls'} ${what}`;
}

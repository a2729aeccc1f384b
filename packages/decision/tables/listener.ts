import type { RangeRank } from '../address-range.ts';
import type { DnsTable } from './dns.ts';
import type { HttpManager } from './http-manager.ts';
import type { TcpProxy } from './tcp-proxy.ts';
import type { DownstreamTls } from './tls.ts';

/** Of the header that tells between whom a connection really is. */
export type ProxyProtocolVersion = 'v1' | 'v2';

export interface Listener {
  readonly name: string;
  /** An IP address, or the path of a Unix socket (`@name`: an abstract one; the port is 0). */
  readonly address: string;
  readonly port: number;
  /** `::` takes no IPv4. */
  readonly ipv6Only?: boolean;
  /** Permissions of a Unix socket's file; 0 or none: the process's. */
  readonly socketMode?: number;
  /** Connections begin with a PROXY header of these versions, which is believed; `optional`: or without. */
  readonly proxyProtocol?: { readonly versions: readonly ProxyProtocolVersion[]; readonly optional: boolean };
  readonly direction: 'inbound' | 'outbound' | 'unspecified';
  /** How long the inspectors may wait for the client's first bytes. Envoy's default: 15 s. */
  readonly inspectTimeoutMs: number;
  readonly continueOnInspectTimeout: boolean;
  readonly inspectTls: boolean;
  readonly inspectHttp: boolean;
  readonly filterChains: readonly FilterChain[];
  readonly defaultFilterChain?: FilterChain;
  readonly maxConnections?: number;
  /**
   * Connections were redirected here: `restore` finds out where they were going and matches chains by that;
   * `hand-off` also gives them to the listener of that address, if there is one (Envoy's use_original_dst).
   */
  readonly originalDestination?: 'restore' | 'hand-off';
  /** Binds nothing: it serves what other listeners hand over. 0.0.0.0 and :: stand for any address. */
  readonly unbound?: true;
  /** A UDP listener that answers DNS, over TCP too; it has no filter chains. */
  readonly dns?: DnsTable;
}

export interface FilterChain {
  readonly name: string;
  readonly match: {
    /** Exact or `*.suffix`; empty: any. */
    readonly serverNames: readonly string[];
    readonly transportProtocol: '' | 'tls' | 'raw_buffer';
    /** ALPN for TLS; `http/1.1`, `h2c` from the HTTP inspector for raw. Empty: any. */
    readonly applicationProtocols: readonly string[];
    /** Port that the client called; of redirected connections where they were going. Undefined: any. */
    readonly destinationPort?: number;
    /** Addresses that the client called, and of clients. Undefined: any. */
    readonly destinations?: RangeRank;
    readonly sources?: RangeRank;
  };
  readonly tls?: DownstreamTls;
  readonly filter:
    | { readonly kind: 'http'; readonly manager: HttpManager }
    | { readonly kind: 'tcp'; readonly proxy: TcpProxy };
}

import type { ConnectionAddresses } from '../net/addresses.ts';

/** What is known of a downstream connection; one per connection, shared by its streams. */
export interface ConnectionInfo extends ConnectionAddresses {
  /** Unique within the proxy. */
  readonly id: number;
  readonly listener: string;
  readonly direction: 'inbound' | 'outbound' | 'unspecified';
  readonly tls?: ConnectionTls;
  /** Of the filter chain that was chosen by SNI: the hosts that it is for. */
  readonly serverNames?: readonly string[];
  /** In the ClientHello of TLS that is passed on as it is. */
  readonly requestedServerName?: string;
  /** The authority of the CONNECT whose tunnel this connection is in. */
  readonly tunnel?: string;
  /** What filters keep per connection, by filter name. */
  readonly memo: Map<string, unknown>;
}

export interface ConnectionTls {
  /** Of the peer's verified certificate: its one URI SAN. */
  readonly peerUri?: string;
  /** SHA-256 of the peer's certificate, lower-case hex. */
  readonly peerFingerprint?: string;
  /** The peer's verified certificate, DER. */
  readonly peerCertificate?: Buffer;
  /** Our own identity. */
  readonly localUri?: string;
  readonly serverName?: string;
  readonly alpn?: string;
  readonly version?: string;
  readonly cipher?: string;
}

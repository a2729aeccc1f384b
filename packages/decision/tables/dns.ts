/** Names that a proxy answers by itself; others it forwards to the system's servers. */
export interface DnsTable {
  /** Lower case, without a final dot; `*.suffix` stands for every name below. */
  readonly names: ReadonlyMap<string, DnsAnswer>;
  /** How long a forwarded question may take. Envoy's default: 5 s. */
  readonly forwardTimeoutMs: number;
  /** Forwarded questions at a time; 0: nothing is forwarded. */
  readonly maxForwarded: number;
}

export interface DnsAnswer {
  /** IPv4 and IPv6. */
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
}

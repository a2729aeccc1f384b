import type { AccessLog } from './access-log.ts';
import type { BandwidthLimit } from './bandwidth.ts';
import type { WeightedCluster } from './route-action.ts';

export interface Tunnel {
  /** `host:port` that the proxy is asked for. */
  readonly authority: string;
  readonly method: 'CONNECT' | 'POST';
}

export interface TcpProxy {
  readonly statPrefix: string;
  readonly clusters: readonly WeightedCluster[];
  /** 0: none. Envoy's default: 1 h. */
  readonly idleTimeoutMs: number;
  /** From accept to end, whatever happens; 0 or none: no limit. */
  readonly maxDurationMs?: number;
  /** Bytes wait for their turn. */
  readonly bandwidth?: readonly BandwidthLimit[];
  readonly maxConnectAttempts: number;
  /** Where clusters without endpoints of their own lead: to this port of the server name in the client's TLS. */
  readonly serverNamePort?: number;
  /** Connections of one client go to one endpoint, where the cluster's balancer hashes. */
  readonly hashSourceIp?: boolean;
  /** Bytes are carried through an HTTP proxy: the cluster's endpoints. */
  readonly tunnel?: Tunnel;
  readonly accessLogs: readonly AccessLog[];
}

import type { AccessLog } from './access-log.ts';
import type { WeightedCluster } from './route-action.ts';

export interface TcpProxy {
  readonly statPrefix: string;
  readonly clusters: readonly WeightedCluster[];
  /** 0: none. Envoy's default: 1 h. */
  readonly idleTimeoutMs: number;
  /** From accept to end, whatever happens; 0 or none: no limit. */
  readonly maxDurationMs?: number;
  readonly maxConnectAttempts: number;
  /** Where clusters without endpoints of their own lead: to this port of the server name in the client's TLS. */
  readonly serverNamePort?: number;
  readonly accessLogs: readonly AccessLog[];
}

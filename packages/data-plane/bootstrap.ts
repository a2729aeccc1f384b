import type { ProxyMetadata } from '@tulle/xds/node';

/**
 * All that a proxy knows before it has talked to the control plane. Written by whoever starts the proxy to
 * a file readable by its owner alone; everything else comes by xDS.
 */
export interface Bootstrap {
  readonly node: {
    /** See `formatNodeId`. */
    readonly id: string;
    /** `<canonical service>.<namespace>`, as Istio's. */
    readonly cluster: string;
    readonly metadata: ProxyMetadata;
  };
  readonly trustDomain: string;
  readonly controlPlane: {
    readonly address: string;
    /** ADS and certificate renewal, over mTLS. */
    readonly xdsPort: number;
    /** Enrolment: server TLS only, takes a token. */
    readonly enrolPort: number;
    /** SPIFFE ID that the control plane must present. */
    readonly identity: string;
  };
  /** Single use; carries the pin of the CA (`identity/token.ts`). Absent when `stateDir` holds an SVID. */
  readonly enrolmentToken?: string;
  /** 0700: key, SVID, trust bundle and the last good configuration. */
  readonly stateDir: string;
  readonly admin: { readonly address: string; readonly port: number };
  /** A pipe that the supervisor holds open: when it closes, drain and end. */
  readonly lifelineFd?: number;
  /** Clients at a time in one worker; what its descriptors allow by default (Envoy's global_downstream_max_connections). */
  readonly maxConnections?: number;
  /** Bytes that the heap and its buffers may take in one worker; the heap's own limit by default. */
  readonly maxHeapBytes?: number;
  /** How long open requests may take to finish on SIGTERM, in seconds. */
  readonly drainSeconds: number;
  /** How long what is open may take when a successor has taken over, in seconds; 600, as Envoy's, by default. */
  readonly handOverSeconds?: number;
}

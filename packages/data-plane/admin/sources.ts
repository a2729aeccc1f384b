import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Endpoint } from '@tulle/decision/tables/endpoint';
import type { Listener } from '@tulle/decision/tables/listener';
import type { UpstreamTls } from '@tulle/decision/tables/tls';
import type { JsonObject } from '@tulle/xds/json';
import type { XdsType } from '@tulle/xds/resource';
import type { RawResources } from '../config/last-good.ts';
import type { TlsCounters } from '../net/tls/counters.ts';
import type { MetricRegistry } from '../telemetry/registry.ts';

/** Where the admin endpoint gets what it shows; each is asked per request. */
export interface AdminSources {
  readonly metrics: MetricRegistry;
  /** Traffic may be sent here. */
  readonly ready: () => boolean;
  readonly state: () => AdminState;
  readonly serverInfo: () => ServerInfo;
  /** `ClusterManager.all` fits. */
  readonly clusters: () => Iterable<AdminCluster>;
  /** Those that have been asked for, for metrics; `ClusterManager.clusters` fits. */
  readonly clustersInUse: () => Iterable<AdminCluster>;
  /** Handshakes by a cluster's settings, one for each kind of connection. */
  readonly tlsCountersOf: (tls: UpstreamTls) => readonly TlsCounters[];
  /** Those that ask for statistics of their own. */
  readonly routes: Iterable<AdminRoute>;
  /** `ListenerSet.active` fits. */
  readonly listeners: () => Iterable<AdminListener>;
  readonly dns: () => Iterable<AdminDns>;
  /** `Configuration.dump()` fits. */
  readonly configDump: () => readonly ConfigDumpEntry[];
  /** `Configuration.resources()` fits. */
  readonly resources: () => RawResources | undefined;
  /** The bootstrap as it may be shown: without the enrolment token. */
  readonly bootstrap: () => JsonObject;
  readonly certificates: () => Iterable<LoadedCertificate>;
  /** Stop accepting; `graceful`: let what is open finish. */
  readonly drainListeners: (graceful: boolean) => void;
  readonly quit: () => void;
}

/** As envoy.admin.v3.ServerInfo.State. */
export type AdminState = 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING';

export interface ServerInfo {
  readonly version: string;
  /** Milliseconds since the start. */
  readonly uptimeMs: number;
  readonly node: JsonObject;
}

export interface AdminCluster {
  readonly config: Cluster;
  readonly breakers: { readonly default: AdminBreakers; readonly high: AdminBreakers };
  readonly outliers: { readonly ejectionsTotal: number };
  /** Of active checks; undefined: there are none. */
  readonly health?: { readonly counters: AdminHealthCounters } | undefined;
  readonly endpoints: readonly AdminEndpoint[];
}

export interface AdminHealthCounters {
  readonly attempts: number;
  readonly successes: number;
  readonly failures: number;
  readonly networkFailures: number;
}

export interface AdminBreakers {
  readonly connections: AdminGauge;
  readonly pending: AdminGauge;
  readonly requests: AdminGauge;
  readonly retries: AdminGauge;
}

export interface AdminGauge {
  readonly value: number;
  readonly limit: number;
  /** Times that the limit said no. */
  readonly refused: number;
}

export interface AdminEndpoint {
  readonly config: Endpoint;
  /** Requests under way. */
  readonly active: number;
  /** By outlier detection. */
  readonly ejected: boolean;
  /** By active checks. */
  readonly failedCheck: boolean;
  readonly pendingCheck: boolean;
  readonly counters: {
    readonly connections: number;
    readonly connectionsTotal: number;
    readonly http1Total: number;
    readonly http2Total: number;
    readonly connectFailures: number;
    readonly requestsTotal: number;
    readonly requestsSucceeded: number;
    readonly requestsFailed: number;
    readonly timeouts: number;
  };
}

/** A listener that answers names. */
export interface AdminDns {
  readonly config: Listener;
  readonly responder: {
    readonly counters: {
      readonly answered: number;
      readonly forwarded: number;
      readonly failed: number;
      readonly malformed: number;
    };
  };
}

export interface AdminListener {
  readonly config: Listener;
  /** The bound one. */
  readonly port: number;
  readonly counters: {
    readonly accepted: number;
    readonly active: number;
    readonly overflowed: number;
    readonly overflowedGlobally: number;
  };
  /** Connections that no filter chain wanted. */
  readonly unmatched: number;
  readonly inspectTimeouts: number;
  /** Connections closed for their PROXY header, or for want of one. */
  readonly proxyHeaderErrors: number;
  readonly chains: { values(): Iterable<AdminChain> };
}

/** Requests by a route's own statistics. */
export type AdminRoute = readonly [
  virtualHost: string,
  statPrefix: string,
  counters: {
    readonly total: number;
    readonly classes: readonly number[];
    readonly timeouts: number;
    readonly retries: number;
    readonly retryLimitExceeded: number;
  },
];

export interface AdminChain {
  readonly tlsCounters: TlsCounters;
  readonly service:
    | {
        readonly kind: 'http';
        readonly manager: {
          readonly config: { readonly statPrefix: string };
          readonly counters: {
            readonly active: number;
            readonly total: number;
            /** By hundreds of the status, 1 to 5. */
            readonly classes: readonly number[];
            readonly http1Connections: number;
            readonly http2Connections: number;
          };
        };
      }
    | { readonly kind: 'tcp' };
}

export interface ConfigDumpEntry {
  readonly type: XdsType;
  readonly name: string;
  readonly version: string;
  /** The message as JSON, field names in camel case. */
  readonly resource: JsonObject;
}

/** A secret in use. */
export interface LoadedCertificate {
  readonly name: string;
  readonly chainPem?: string;
  readonly rootsPem?: string;
}

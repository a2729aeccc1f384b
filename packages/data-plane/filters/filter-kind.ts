import type { Random } from '@tulle/decision/match';
import type { Listener } from '@tulle/decision/tables/listener';
import type { ProxyMetadata } from '@tulle/xds/node';
import type { CallCluster } from '../grpc/cluster-call.ts';
import type { LimitEnvironment } from '../limits/environment.ts';
import type { IstioMetrics } from '../telemetry/istio-metrics.ts';
import type { TimerWheel } from '../timers/wheel.ts';
import type { HttpFilter } from './filter.ts';

/** What a filter may use of its proxy when it is configured. */
export interface FilterEnvironment {
  readonly direction: Listener['direction'];
  readonly role: 'sidecar' | 'router';
  readonly node: { readonly id: string; readonly metadata: ProxyMetadata };
  readonly trustDomain: string;
  /** Our own SPIFFE ID. */
  readonly uri: string;
  readonly metrics: IstioMetrics;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly limits: LimitEnvironment;
  readonly callCluster: CallCluster;
}

/** One folder: what configures a filter. */
export interface FilterKind {
  /** The type URL of its xDS configuration. */
  readonly typeUrl: string;
  /**
   * Absent: it only marks something, or is the terminal router.
   * @throws Error for a bad configuration
   */
  readonly create?: (config: unknown, environment: FilterEnvironment) => HttpFilter;
  /**
   * For explanations, where the filter draws lots: the configurations without chance that this one is a mixture
   * of. Undefined: nothing is left to chance.
   */
  readonly variants?: (config: unknown) => readonly FilterVariant[] | undefined;
  /** For explanations: what it does to requests by what came before them, in words. */
  readonly describe?: (config: unknown) => string;
}

/** One way that a filter's draws can go. */
export interface FilterVariant {
  /** From 0 to 1; those of a configuration add up to 1. */
  readonly share: number;
  /** What happens, in words: `fault: abort with 503 (10 %)`. */
  readonly says: string;
  readonly config: unknown;
}

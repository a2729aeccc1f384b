import type { ProxyMetadata } from '@tulle/xds/node';
import type { XdsType } from '@tulle/xds/resource';

/** What the simulator is started with, in a file. */
export interface SimulatorConfig {
  readonly address: string;
  readonly xdsPort: number;
  readonly identity: string;
  readonly key: string;
  readonly roots: string;
  readonly proxies: readonly { readonly metadata: ProxyMetadata; readonly chain: string }[];
}

/** What it is told, a line of JSON each. */
export type Command =
  /** Connects all proxies; answered by `reached` when each has everything and none has got more for `quietMs`. */
  | { readonly kind: 'connect'; readonly quietMs: number }
  /** Answered by `watching`, and by `reached` when every one of `proxies` has got the resource with that text in it. */
  | {
      readonly kind: 'watch';
      readonly type: XdsType;
      readonly name: string;
      readonly text: string;
      readonly proxies: number;
    };

/** What it says, a line of JSON each. */
export type Report =
  | { readonly kind: 'watching' }
  /** `at`: of each proxy, when it had acknowledged; milliseconds of the machine's monotonic clock. */
  | { readonly kind: 'reached'; readonly at: readonly number[]; readonly bytes: number }
  | { readonly kind: 'lost'; readonly message: string };

/** The machine's monotonic clock, which processes share; milliseconds. */
export const monotonicNow = (): number => Number(process.hrtime.bigint()) / 1e6;

import type { RouteTrace } from '@tulle/decision/match';
import type { RetryPolicy } from '@tulle/decision/tables/retry-policy';

/** Hears how requests are decided; where they are explained, not served. */
export interface RequestTrace extends RouteTrace {
  /** A request is forwarded, and these hold: by its route, and by what it asks for itself. */
  onForward(limits: ForwardLimits): void;
}

/** Milliseconds; 0: none. */
export interface ForwardLimits {
  readonly timeoutMs: number;
  readonly tryMs: number;
  readonly retry: RetryPolicy | undefined;
  readonly hedges: boolean;
}

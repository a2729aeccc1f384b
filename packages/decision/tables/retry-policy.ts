export interface RetryPolicy {
  /** Attempts after the first. */
  readonly retries: number;
  readonly on: ReadonlySet<RetryCondition>;
  readonly statuses: ReadonlySet<number>;
  /** 0: none, the whole request's timeout holds. */
  readonly perTryTimeoutMs: number;
  /** Envoy's defaults: 25 ms, ten times the base. */
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** Choose again, up to `hostSelectionAttempts` times, when a host was tried before. */
  readonly avoidPreviousHosts: boolean;
  readonly hostSelectionAttempts: number;
  /** After every so many attempts their priorities are left for others (previous_priorities). Undefined: never. */
  readonly priorityUpdateFrequency?: number;
}

export type RetryCondition =
  | '5xx'
  | 'gateway-error'
  | 'reset'
  | 'reset-before-request'
  | 'connect-failure'
  | 'retriable-4xx'
  | 'refused-stream'
  | 'retriable-status-codes'
  | 'retriable-headers'
  | 'envoy-ratelimited'
  | 'cancelled'
  | 'deadline-exceeded'
  | 'internal'
  | 'resource-exhausted'
  | 'unavailable';

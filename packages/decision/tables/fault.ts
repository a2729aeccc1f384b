/** Faults that a route injects, before anything is sent upstream; fractions in millionths of the requests. */
export interface FaultRule {
  readonly delay?: { readonly ms: number; readonly fraction: number };
  /** With `grpcStatus` the status is 200, as Envoy. */
  readonly abort?: { readonly status: number; readonly grpcStatus?: number; readonly fraction: number };
}

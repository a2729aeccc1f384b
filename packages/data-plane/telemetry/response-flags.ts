/** Why a response is not simply the upstream's: Envoy's flags (docs: access log usage, %RESPONSE_FLAGS%). */
export const responseFlags = {
  UH: { name: 'NoHealthyUpstream', meaning: 'No endpoint of the cluster is healthy.' },
  UF: { name: 'UpstreamConnectionFailure', meaning: 'The endpoint could not be connected to.' },
  UO: { name: 'UpstreamOverflow', meaning: 'A circuit breaker of the cluster was open.' },
  NR: { name: 'NoRouteFound', meaning: 'No route, or no filter chain, matches.' },
  URX: { name: 'UpstreamRetryLimitExceeded', meaning: 'All retries, or connection attempts, are used up.' },
  NC: { name: 'NoClusterFound', meaning: 'The route names a cluster that is not there.' },
  DT: { name: 'DurationTimeout', meaning: 'The connection or request lasted longer than it may.' },
  DC: { name: 'DownstreamConnectionTermination', meaning: 'The client closed the connection.' },
  LH: { name: 'FailedLocalHealthCheck', meaning: 'The local service failed its health check.' },
  UT: { name: 'UpstreamRequestTimeout', meaning: 'The endpoint did not answer in time.' },
  LR: { name: 'LocalReset', meaning: 'We reset the connection to the endpoint.' },
  UR: { name: 'UpstreamRemoteReset', meaning: 'The endpoint reset the stream.' },
  UC: { name: 'UpstreamConnectionTermination', meaning: 'The endpoint closed the connection.' },
  DI: { name: 'DelayInjected', meaning: 'The request was delayed by a fault rule.' },
  FI: { name: 'FaultInjected', meaning: 'The request was aborted by a fault rule.' },
  RL: { name: 'RateLimited', meaning: 'A rate limit was exceeded.' },
  UAEX: { name: 'UnauthorizedExternalService', meaning: 'The external authorization service said no.' },
  RLSE: { name: 'RateLimitServiceError', meaning: 'The rate limit service failed.' },
  IH: { name: 'InvalidEnvoyRequestHeaders', meaning: 'An x-envoy-… header has an invalid value.' },
  SI: { name: 'StreamIdleTimeout', meaning: 'Nothing was sent or received for too long.' },
  DPE: { name: 'DownstreamProtocolError', meaning: 'The client broke the protocol.' },
  UPE: { name: 'UpstreamProtocolError', meaning: 'The endpoint broke the protocol.' },
  UMSDR: { name: 'UpstreamMaxStreamDurationReached', meaning: 'The stream to the endpoint lasted too long.' },
  RFCF: { name: 'ResponseFromCacheFilter', meaning: 'The response came from a cache.' },
  NFCF: { name: 'NoFilterConfigFound', meaning: 'A filter got no configuration in time.' },
  OM: { name: 'OverloadManagerTerminated', meaning: 'The proxy is overloaded.' },
  DF: { name: 'DnsResolutionFailed', meaning: 'The name could not be resolved.' },
  DO: { name: 'DropOverload', meaning: 'The cluster drops part of its load.' },
} as const satisfies Record<string, { readonly name: string; readonly meaning: string }>;

export type ResponseFlag = keyof typeof responseFlags;

function isResponseFlag(code: string): code is ResponseFlag {
  return Object.hasOwn(responseFlags, code);
}

/** What it means, for people; an unknown code is its own. */
export function flagMeaning(code: string): string {
  return isResponseFlag(code) ? responseFlags[code].meaning : code;
}

/** The long name; an unknown code is its own. */
export function longFlag(code: string): string {
  return isResponseFlag(code) ? responseFlags[code].name : code;
}

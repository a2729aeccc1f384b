/** Kinds that say by conditions what became of them. The others have no part in what proxies get. */
export const conditionedKinds: ReadonlySet<string> = new Set([
  'BandwidthLimit',
  'ConcurrencyLimit',
  'DestinationRule',
  'EnvoyFilter',
  'Gateway',
  'HealthCheckPolicy',
  'PeerAuthentication',
  'ProxyConfig',
  'RateLimitPolicy',
  'RequestAuthentication',
  'Service',
  'ServiceEntry',
  'Sidecar',
  'VirtualService',
  'WorkloadEntry',
]);

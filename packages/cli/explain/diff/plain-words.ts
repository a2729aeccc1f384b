/** Fields whose names say little to who writes Istio's resources, and the words for them: by the end of their path. */
const words: readonly (readonly [RegExp, string])[] = [
  [
    /(^|\.)typedExtensionProtocolOptions\.envoy\.extensions\.upstreams\.http\.v3\.HttpProtocolOptions\./,
    '$1',
  ],
  [/circuitBreakers\.thresholds\[0\]\.maxConnections$/, 'connections at a time'],
  [/circuitBreakers\.thresholds\[0\]\.maxPendingRequests$/, 'waiting requests'],
  [/circuitBreakers\.thresholds\[0\]\.maxRequests$/, 'requests at a time'],
  [/circuitBreakers\.thresholds\[0\]\.maxRetries$/, 'retries at a time'],
  [/^lbPolicy$/, 'load balancing'],
  [/^commonHttpProtocolOptions\.idleTimeout$/, 'idle timeout'],
  [/^commonHttpProtocolOptions\.maxRequestsPerConnection$/, 'requests per connection'],
  [/^retryPolicy\.retryHostPredicate\[.*previous_hosts\]$/, 'retries avoid hosts that have failed'],
  [/^retryPolicy\.hostSelectionRetryMaxAttempts$/, 'retries try other hosts at most'],
  [/^retryPolicy\.numRetries$/, 'retries'],
  [/^retryPolicy\.retryOn$/, 'retries on'],
  [/^retryPolicy\.perTryTimeout$/, 'timeout per try'],
  [/^prefixRewrite$/, 'path prefix becomes'],
  [/^hostRewriteLiteral$/, 'host becomes'],
];

/** A path of a message as people read it. */
export function plainPath(path: string): string {
  return words.reduce((now, [pattern, said]) => now.replace(pattern, said), path);
}

/** Envoy's figure for any number. */
const unlimited = String(2 ** 32 - 1);

/** A value as people read it: `LEAST_REQUEST` ⇒ `least request`. */
export function plainValue(value: string): string {
  if (value === unlimited) return 'any number';
  return /^[A-Z]+(_[A-Z]+)+$/.test(value) ? value.toLowerCase().replaceAll('_', ' ') : value;
}

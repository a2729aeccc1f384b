/**
 * Fields whose names say little to who writes Istio's resources, and the words for them. No two fields of a message have
 * the same: one of both would not be told.
 */
const words: readonly (readonly [RegExp, string])[] = [
  [/circuitBreakers\.thresholds\[0\]\.maxConnections$/, 'connections at a time'],
  [/circuitBreakers\.thresholds\[0\]\.maxPendingRequests$/, 'waiting requests'],
  [/circuitBreakers\.thresholds\[0\]\.maxRequests$/, 'requests at a time'],
  [/circuitBreakers\.thresholds\[0\]\.maxRetries$/, 'retries at a time'],
  [
    /circuitBreakers\.thresholds\[0\]\.retryBudget\.budgetPercent\.value$/,
    'retries at a time, in % of the requests',
  ],
  [/circuitBreakers\.thresholds\[0\]\.retryBudget\.minRetryConcurrency$/, 'retries at a time, at least'],
  [/^connectTimeout$/, 'connect timeout'],
  [/^commonLbConfig\.zoneAwareLbConfig\.minClusterSize$/, 'zones count from so many endpoints on'],
  [/^commonLbConfig\.zoneAwareLbConfig$/, 'zones count'],
  [/^http2ProtocolOptions\.maxConcurrentStreams$/, 'requests at a time on a connection'],
  [/^http2ProtocolOptions\.connectionKeepalive\.interval$/, 'connections are asked for life every'],
  [/^http2ProtocolOptions\.connectionKeepalive\.timeout$/, 'connections must answer within'],
  [/^(?:leastRequest|roundRobin)LbConfig\.slowStartConfig\.slowStartWindow$/, 'warm-up'],
  [/^(?:leastRequest|roundRobin)LbConfig\.slowStartConfig\.aggression\.defaultValue$/, 'warm-up: aggression'],
  [
    /^(?:leastRequest|roundRobin)LbConfig\.slowStartConfig\.minWeightPercent\.value$/,
    'warm-up begins with, in %',
  ],
  [/^ringHashLbConfig\.minimumRingSize$/, 'ring of at least'],
  [/^maglevLbConfig\.tableSize$/, 'Maglev table of'],
  [/^commonLbConfig\.healthyPanicThreshold\.value$/, 'all are used when fewer % are healthy'],
  [/^outlierDetection\.consecutive5xx$/, 'ejected after answers of 5xx in a row'],
  [/^outlierDetection\.consecutiveGatewayFailure$/, 'ejected after gateway errors in a row'],
  [/^outlierDetection\.consecutiveLocalOriginFailure$/, 'ejected after failures to connect in a row'],
  [/^outlierDetection\.splitExternalLocalOriginErrors$/, 'failures to connect are counted apart'],
  [/^outlierDetection\.interval$/, 'ejections are looked at every'],
  [/^outlierDetection\.baseEjectionTime$/, 'ejected for'],
  [/^outlierDetection\.maxEjectionTime$/, 'ejected for at most'],
  [/^outlierDetection\.maxEjectionPercent$/, 'ejected at most, in %'],
  [/^outlierDetection\.enforcingConsecutive5xx$/, 'of answers of 5xx, ejected in %'],
  [/^outlierDetection\.enforcingConsecutiveGatewayFailure$/, 'of gateway errors, ejected in %'],
  [/^outlierDetection\.enforcingConsecutiveLocalOriginFailure$/, 'of failures to connect, ejected in %'],
  [/^outlierDetection\.alwaysEjectOneHost$/, 'one endpoint may always be ejected'],
  [/^outlierDetection$/, 'ejection of endpoints'],
  [/^(?:commonHttpProtocolOptions\.)?maxRequestsPerConnection$/, 'requests per connection'],
  [/^commonHttpProtocolOptions\.maxConnectionDuration$/, 'longest connection'],
  [/^commonHttpProtocolOptions\.idleTimeout$/, 'idle timeout'],
  [/^upstreamConnectionOptions\.tcpKeepalive\.keepaliveTime$/, 'TCP keep-alive after seconds'],
  [/^upstreamConnectionOptions\.tcpKeepalive\.keepaliveInterval$/, 'TCP keep-alive every seconds'],
  [/^upstreamConnectionOptions\.tcpKeepalive\.keepaliveProbes$/, 'TCP keep-alive, so many times'],
  [/^upstreamConnectionOptions\.tcpKeepalive$/, 'TCP keep-alive'],
  [/^retryPolicy\.retryHostPredicate\[.*previous_hosts\]$/, 'retries avoid hosts that have failed'],
  [/^retryPolicy\.retryPriority\.updateFrequency$/, 'retries go to other localities after tries'],
  [/^retryPolicy\.retryPriority$/, 'retries in other localities'],
  [/^retryPolicy\.hostSelectionRetryMaxAttempts$/, 'retries try other hosts at most'],
  [/^retryPolicy\.retryBackOff\.baseInterval$/, 'back-off'],
  [/^retryPolicy\.retryBackOff\.maxInterval$/, 'back-off at most'],
  [/^retryPolicy\.retriableStatusCodes\[(\d+)\]$/, 'retries on status ($1)'],
  [/^retryPolicy\.numRetries$/, 'retries'],
  [/^retryPolicy\.retryOn$/, 'retries on'],
  [/^retryPolicy\.perTryTimeout$/, 'timeout per try'],
  [/^retryPolicy$/, 'retries'],
  [/^hedgePolicy\.hedgeOnPerTryTimeout$/, 'late tries go on beside the next'],
  [/^fault\.abort\.httpStatus$/, 'aborted with status'],
  [/^fault\.abort\.grpcStatus$/, 'aborted with gRPC status'],
  [/^fault\.abort\.percentage$/, 'aborted'],
  [/^fault\.delay\.fixedDelay$/, 'delayed by'],
  [/^fault\.delay\.percentage$/, 'delayed'],
  [/^requestHeadersToAdd\[([^\]]+)\]$/, 'request header $1'],
  [/^responseHeadersToAdd\[([^\]]+)\]$/, 'response header $1'],
  [/^hostRewriteLiteral$/, 'host becomes'],
  [/^prefixRewrite$/, 'path prefix becomes'],
  [/^regexRewrite\.pattern\.regex$/, 'path is searched for'],
  [/^regexRewrite\.substitution$/, 'path becomes'],
  [/^requireTls$/, 'needs TLS'],
  [/^codecType$/, 'HTTP versions'],
  [/^forwardClientCertDetails$/, 'x-forwarded-client-cert of clients'],
  [/^setCurrentClientCertDetails\.(\w+)$/, 'x-forwarded-client-cert has ($1)'],
  [/^xffNumTrustedHops$/, 'trusted proxies before it'],
  [/^skipXffAppend$/, 'x-forwarded-for is left as it is'],
  [/^useRemoteAddress$/, 'the client is who connects'],
  [/^serverName$/, 'server header'],
  [/^serverHeaderTransformation$/, 'server header of answers'],
  [/^pathWithEscapedSlashesAction$/, 'escaped slashes in paths'],
  [/^normalizePath$/, 'paths are normalized'],
  [/^mergeSlashes$/, 'slashes of paths are merged'],
  [/^streamIdleTimeout$/, 'idle timeout of requests'],
  [/^upgradeConfigs\[\d+\]\.upgradeType$/, 'upgrades'],
  [/^listenerFilters\[proxy_protocol\]$/, 'a PROXY protocol header comes first'],
  [/^httpFilters\[grpc_web\]$/, 'gRPC-Web'],
];

/** A path of a message as people read it. */
export function plainPath(path: string): string {
  return words.reduce((now, [pattern, said]) => now.replace(pattern, said), path);
}

/**
 * A fact of a listener: `connections[by mTLS].httpFilters[x].y` ⇒ `connections by mTLS: filter x: y`. Once facts of one
 * path are together.
 */
export function plainFact(fact: string): string {
  const [, who, rest = ''] = /^connections\[([^\]]*)\]\.?(.*)$/.exec(fact) ?? [];
  if (who === undefined) return fact;
  const connections = who === '' ? 'connections' : `connections ${who}`;
  if (rest === '') return connections;
  const plain = rest
    .replace(/^HTTP\./, '')
    .replace(/^(?:httpFilters|filters)\[([^\]]+)\](\.?)/, (_, name, dot) => `filter ${name}${dot && ': '}`);
  return who === '' ? plain : `${connections}: ${plain}`;
}

/** Envoy's figure for any number. */
const unlimited = String(2 ** 32 - 1);

/** A value as people read it: `LEAST_REQUEST` ⇒ `least request`. */
export function plainValue(value: string): string {
  if (value === unlimited) return 'any number';
  return /^[A-Z]+(_[A-Z]+)+$/.test(value) ? value.toLowerCase().replaceAll('_', ' ') : value;
}

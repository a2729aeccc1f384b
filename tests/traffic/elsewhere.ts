/** Fields that no row has: by `Kind field`, or all within it, and where they are tested instead or why not. */
const sidecars = 'tests/sidecar.test.ts and tests/peers/sidecar-envoy.test.ts: needs a workload of its own';
const starts = 'tests/mesh-config.test.ts: how processes start';
const groups =
  'tests/workload-group.test.ts, group-proxy.test.ts, peers/group-envoy.test.ts: our own agent starts and probes it';
const patches =
  'packages/control-plane/compile/golden/envoyfilter-*: what a patch selects is seen in what is sent';
const limits = 'tests/peers/rate-limit-service.test.ts';
const accessLogs =
  'packages/control-plane/compile/golden/mesh-access-logs; the rows read their flags from such a log';
const sent = 'packages/control-plane/compile/golden: seen in what proxies are sent';
const health = 'packages/data-plane/upstream/health: what is asked, and when; golden/health-checks-envoy';
const ports = 'tests/one-port.test.ts, tests/ingress.test.ts: where a mesh listens';
const tls = 'packages/control-plane/compile/golden/mesh-tls-and-names; the handshakes are rows of Gateway';
const evenness =
  'how even the shares of keys are, which only tens of thousands show: packages/decision/balance/hashing.test.ts; compile/enforced.test.ts: proxies are told';

export const elsewhere: readonly (readonly [string, string])[] = [
  ['VirtualService http[].match[].statPrefix', 'a name of metrics: tests/metrics.test.ts'],
  [
    'DestinationRule trafficPolicy.loadBalancer.backendUtilization',
    'packages/decision/balance/utilization.test.ts: needs reports of load over time',
  ],
  [
    'DestinationRule trafficPolicy.connectionPool.tcp.connectTimeout',
    'needs an address that does not answer: packages/data-plane/upstream/pool',
  ],
  [
    'DestinationRule trafficPolicy.connectionPool.http.http2KeepAlive',
    'needs a peer that is silent: packages/data-plane/upstream/keepalive.test.ts',
  ],
  ['DestinationRule trafficPolicy.loadBalancer.consistentHash.minimumRingSize', evenness],
  ['DestinationRule trafficPolicy.loadBalancer.consistentHash.ringHash.minimumRingSize', evenness],
  ['Gateway servers[].name', 'a name of metrics: packages/control-plane/compile/golden/gateway-topology'],
  [
    'Gateway servers[].tls.tlsCertificates[].caCertificates',
    'packages/control-plane/compile/golden/gateway-tls-verification',
  ],
  ['ServiceEntry endpoints[].serviceAccount', 'needs another account’s certificate: golden/client-tls-modes'],
  ['Sidecar', sidecars],
  ['ProxyConfig', starts],
  ['WorkloadGroup', groups],
  ['EnvoyFilter', patches],
  ['Mesh trustDomain', 'tests/security.test.ts'],
  ['Mesh trustDomainAliases', 'packages/control-plane/compile/golden/mesh-tls-and-names'],
  ['Mesh protocolDetectionTimeout', 'tests/protocols.test.ts'],
  ['DestinationRule trafficPolicy.connectionPool.tcp.tcpKeepalive', `options of a socket: ${sent}`],
  ['Mesh connectTimeout', sent],
  ['Mesh tcpKeepalive', `options of a socket: ${sent}`],
  ['Mesh h2UpgradePolicy', sent],
  ['Mesh defaultHttpRetryPolicy', 'as a rule’s own retries'],
  ['Mesh localityLbSetting', 'as a DestinationRule’s own'],
  ['Mesh zoneAwareLbSetting', 'as a DestinationRule’s own'],
  ['Mesh accessLog', accessLogs],
  ['Mesh accessLogFile', accessLogs],
  ['Mesh accessLogFormat', accessLogs],
  ['Mesh accessLogEncoding', accessLogs],
  ['Mesh extensionProviders', accessLogs],
  ['Mesh defaultProviders', accessLogs],
  ['Mesh defaultConfig', `${starts}; gatewayTopology: tests/edge-headers.test.ts`],
  ['Mesh defaultServiceExportTo', 'as a ServiceEntry’s own exportTo'],
  ['Mesh discoverySelectors', 'packages/control-plane/model: what is discovered'],
  ['Mesh enableAutoMtls', tls],
  ['Mesh verifyCertificateAtClient', tls],
  ['Mesh meshMTLS', tls],
  ['Mesh tlsDefaults', tls],
  ['Mesh dnsRefreshRate', 'packages/data-plane/upstream/dns.test.ts'],
  ['Mesh inboundClusterStatName', 'a name of metrics'],
  ['Mesh outboundClusterStatName', 'a name of metrics'],
  [
    'Mesh meshNetworks',
    'packages/control-plane/compile/golden/networks, gateway-names; rows name a network’s gateway by its Service',
  ],
  ['Mesh concurrency', 'tests/workers.test.ts'],
  ['Mesh dns', 'tests/peers/capture.test.ts, capture-envoy.test.ts: needs captured traffic'],
  [
    'Mesh gatewayTopology.forwardClientCertDetails',
    'tests/edge-headers.test.ts, tests/peers/edge-headers.test.ts',
  ],
  ['Mesh rateLimitService', limits],
  ['Mesh ports', ports],
  ['BandwidthLimit selector', 'packages/control-plane/compile/golden/bandwidth-inbound'],
  ['BandwidthLimit targetRefs[]', 'packages/control-plane/compile/golden/bandwidth-routes'],
  ['BandwidthLimit direction', 'packages/control-plane/compile/golden/bandwidth-inbound'],
  ['BandwidthLimit scope', 'ours alone: packages/data-plane/filters/bandwidth-limit'],
  ['ConcurrencyLimit queue', 'packages/data-plane/limits/concurrency.test.ts; golden/concurrency-limit'],
  ['HealthCheckPolicy', health],
];

import { unusedProviders } from './extension-providers.ts';

/** Fields of MeshConfig that are accepted and have no effect yet. */
export const meshConfigNotEnforced: readonly string[] = [
  ...unusedProviders.map((name) => `extensionProviders[].${name}`),
  'extensionProviders[].envoyFileAccessLog.omitEmptyValues',
  'defaultProviders.metrics',
  'defaultProviders.tracing',
  ...['tracing', 'tracingServiceName', 'zipkinAddress', 'statsdUdpAddress'].map(ofProxies),
  ...['envoyAccessLogService', 'envoyMetricsService', 'envoyMetricsServiceAddress'].map(ofProxies),
  ...['extraStatTags', 'proxyStatsMatcher', 'proxyHeaders', 'readinessProbe'].map(ofProxies),
  ...['caCertificatesPem', 'privateKeyProvider'].map(ofProxies),
  'meshMTLS.ecdhCurves',
  'tlsDefaults',
  'dnsRefreshRate',
  'enableTracing',
  'enablePrometheusMerge',
  'enableEnvoyAccessLogService',
  'inboundClusterStatName',
  'outboundClusterStatName',
  'configSources',
  'caCertificates',
  'certificates',
  'ca',
  'compliancePolicy',
];

const kubernetes = 'it is for Kubernetes’ Ingress';
const ambient = 'it is for ambient mode';
const chosen = 'ports are chosen per instance here';
const envoyOnly = 'it is for the way in which Istio’s agent starts Envoys';

/** Fields of MeshConfig that mean nothing here, and why. */
export const meshConfigInert: Readonly<Record<string, string>> = {
  inboundTrafficPolicy: 'an application is reached where its Workload says that it listens',
  'meshMTLS.cipherSuites': 'they are for TLS 1.2; mTLS is TLS 1.3 here',
  rootNamespace: 'it is tulle-system here',
  disableEnvoyListenerLog: 'there is no such log; the proxy’s own log says what no chain took',
  proxyListenPort: chosen,
  proxyInboundListenPort: chosen,
  proxyHttpPort: chosen,
  ingressClass: kubernetes,
  ingressService: kubernetes,
  ingressSelector: kubernetes,
  ingressControllerMode: kubernetes,
  hboneIdleTimeout: ambient,
  serviceScopeConfigs: ambient,
  [ofProxies('drainDuration')]: 'proxies drain for terminationDrainDuration',
  [ofProxies('parentShutdownDuration')]:
    'there are no hot restarts; `tulle restart-proxy` waits for what runs',
  [ofProxies('holdApplicationUntilProxyStarts')]: 'an application always starts after its proxy here',
  [ofProxies('image')]: 'proxies are processes here, not containers',
  [ofProxies('interceptionMode')]: 'the Workload’s capture says it',
  [ofProxies('controlPlaneAuthPolicy')]: 'it is always mTLS here',
  [ofProxies('runtimeValues')]: envoyOnly,
  [ofProxies('proxyAdminPort')]: chosen,
  [ofProxies('statusPort')]: 'there is no agent’s port here',
  [ofProxies('statNameLength')]: 'names of statistics have no limit here',
  [ofProxies('configPath')]: envoyOnly,
  [ofProxies('binaryPath')]: envoyOnly,
  [ofProxies('serviceCluster')]: envoyOnly,
  [ofProxies('discoveryAddress')]: 'a proxy is told where the control plane is when it enrols',
  [ofProxies('customConfigFile')]: envoyOnly,
  [ofProxies('proxyBootstrapTemplatePath')]: envoyOnly,
  [ofProxies('meshId')]: 'a mesh has the name of its Mesh',
  [ofProxies('availabilityZone')]: 'the Workload’s locality says it',
  [ofProxies('statsCompression')]: envoyOnly,
  [ofProxies('sds')]: envoyOnly,
  [ofProxies('discoveryRefreshDelay')]: 'changes are pushed, not asked for',
};

function ofProxies(field: string): string {
  return `defaultConfig.${field}`;
}

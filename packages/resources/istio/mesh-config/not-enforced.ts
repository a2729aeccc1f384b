import { unusedProviders } from './extension-providers.ts';

const tracing = 'there are no traces yet';
const metrics = 'metrics are read at a proxy’s admin port, or from the control plane';
const logs = 'access logs are files';
const authority = 'the mesh’s own authority signs all certificates';

/** Fields of MeshConfig that are accepted and have no effect yet, and why. */
export const meshConfigNotEnforced: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    unusedProviders.map((name) => [`extensionProviders[].${name}`, unusedProvider(name)]),
  ),
  'extensionProviders[].envoyFileAccessLog.omitEmptyValues': 'what is empty is written as -, or null',
  'defaultProviders.metrics': metrics,
  'defaultProviders.tracing': tracing,
  enableTracing: tracing,
  [ofProxies('tracing')]: tracing,
  [ofProxies('tracingServiceName')]: tracing,
  [ofProxies('zipkinAddress')]: tracing,
  [ofProxies('statsdUdpAddress')]: metrics,
  [ofProxies('envoyMetricsService')]: metrics,
  [ofProxies('envoyMetricsServiceAddress')]: metrics,
  [ofProxies('extraStatTags')]: metrics,
  [ofProxies('proxyStatsMatcher')]: metrics,
  enablePrometheusMerge: metrics,
  [ofProxies('envoyAccessLogService')]: logs,
  enableEnvoyAccessLogService: logs,
  [ofProxies('proxyHeaders')]: 'proxies write the headers that Istio’s write by default',
  [ofProxies('readinessProbe')]: 'the Workload says it',
  [ofProxies('caCertificatesPem')]: authority,
  [ofProxies('privateKeyProvider')]: authority,
  caCertificates: authority,
  certificates: authority,
  ca: authority,
  configSources: 'resources come from this mesh’s API',
  compliancePolicy: 'tlsDefaults and meshMTLS say versions, suites and groups',
};

const kubernetes = 'it is for Kubernetes’ Ingress';
const ambient = 'it is for ambient mode';
const chosen = 'ports are chosen per instance here';
const envoyOnly = 'it is for the way in which Istio’s agent starts Envoys';

/** Fields of MeshConfig that mean nothing here, and why. */
export const meshConfigInert: Readonly<Record<string, string>> = {
  inboundTrafficPolicy: 'an application is reached where its Workload says that it listens',
  'meshMTLS.cipherSuites': 'they are for TLS 1.2; mTLS is TLS 1.3 here',
  rootNamespace: 'they are tulle-system and istio-system here',
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

function unusedProvider(name: string): string {
  if (/^envoyExtAuthz/.test(name)) return 'no policy asks it yet';
  if (/AccessLog|Als$/.test(name)) return logs;
  return name === 'prometheus' || name === 'sds' ? metrics : tracing;
}

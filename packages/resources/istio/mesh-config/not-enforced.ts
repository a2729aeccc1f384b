import { defaultConfig } from './default-config.ts';
import { unusedProviders } from './extension-providers.ts';

const usedOfDefaultConfig = ['concurrency', 'proxyMetadata', 'terminationDrainDuration', 'gatewayTopology'];

/** Fields of MeshConfig that are accepted and have no effect here. */
export const meshConfigNotEnforced: readonly string[] = [
  'inboundTrafficPolicy',
  ...unusedProviders.map((name) => `extensionProviders[].${name}`),
  'extensionProviders[].envoyFileAccessLog.omitEmptyValues',
  'defaultProviders.metrics',
  'defaultProviders.tracing',
  ...Object.keys(defaultConfig.shape)
    .filter((name) => !usedOfDefaultConfig.includes(name))
    .map((name) => `defaultConfig.${name}`),
  'meshMTLS',
  'tlsDefaults',
  'serviceSettings',
  'dnsRefreshRate',
  'rootNamespace',
  'enableTracing',
  'enablePrometheusMerge',
  'enableEnvoyAccessLogService',
  'disableEnvoyListenerLog',
  'inboundClusterStatName',
  'outboundClusterStatName',
  'proxyListenPort',
  'proxyInboundListenPort',
  'proxyHttpPort',
  'ingressClass',
  'ingressService',
  'ingressSelector',
  'ingressControllerMode',
  'configSources',
  'caCertificates',
  'certificates',
  'ca',
  'compliancePolicy',
  'hboneIdleTimeout',
  'serviceScopeConfigs',
];

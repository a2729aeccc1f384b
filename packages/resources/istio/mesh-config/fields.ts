import { z } from 'zod';
import { duration, durationOrZero } from '../../schema/duration.ts';
import { mapOf, message, options } from '../../schema/message.ts';
import { tcpKeepalive } from '../destination-rule/connection-pool.ts';
import { localityLbSetting, zoneAwareLbSetting } from '../destination-rule/load-balancer.ts';
import { retries } from '../virtual-service/http-route.ts';
import { defaultConfig } from './default-config.ts';
import { extensionProvider } from './extension-providers.ts';

/** What is accepted and has no effect here is not looked into. */
const anything = () => z.record(z.string(), z.unknown());
const exportTo = (of: string) =>
  z
    .array(z.string())
    .describe(`Who sees ${of} without exportTo: namespaces, \`.\`, \`*\` (default) or \`~\`.`);

const labelSelector = options({
  matchLabels: mapOf(z.string()).describe('Labels that the namespace must have, all of them.'),
  matchExpressions: z
    .array(
      message(
        {
          key: z.string().describe('Name of the label.'),
          operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('How it is looked at.'),
        },
        { values: z.array(z.string()).describe('For In and NotIn.') },
      ),
    )
    .describe('What else must hold, all of it.'),
});

const clusterName = (of: string) =>
  z
    .string()
    .describe(
      `${of}; of %SERVICE%, %SERVICE_FQDN%, %SERVICE_NAME%, %SERVICE_PORT%, %SERVICE_PORT_NAME%, %TARGET_PORT% and %SUBSET_NAME%. The cluster’s own name by default.`,
    );

const tlsConfig = () =>
  options({
    minProtocolVersion: z
      .enum(['TLS_AUTO', 'TLSV1_2', 'TLSV1_3'])
      .describe('Lowest version; TLS 1.2 by default, and always 1.3 between sidecars.'),
    ecdhCurves: z.array(z.string()).describe('Groups for the key exchange, best first; P-256, X25519, …'),
    cipherSuites: z.array(z.string()).describe('Cipher suites below TLS 1.3, as OpenSSL names them.'),
  });

/** MeshConfig of Istio 1.28 (istio/api mesh/v1alpha1/config.proto), by the names that it has in YAML. */
export const meshConfigFields = {
  trustDomain: z
    .string()
    .describe(
      'The first part of every identity: spiffe://<trustDomain>/ns/<namespace>/sa/<account>; cluster.local by default. Changing it makes every workload enrol anew.',
    ),
  trustDomainAliases: z
    .array(z.string())
    .describe(
      'Other trust domains whose identities are taken for the same, where the mesh’s roots vouch for them.',
    ),
  outboundTrafficPolicy: options({
    mode: z
      .enum(['ALLOW_ANY', 'REGISTRY_ONLY'])
      .describe(
        'ALLOW_ANY (default): hosts outside the mesh are reached; REGISTRY_ONLY: only what a Service or ServiceEntry names.',
      ),
  }).describe('What workloads may call, where no Sidecar says.'),
  inboundTrafficPolicy: options({
    mode: z.enum(['PASSTHROUGH', 'LOCALHOST']).describe('Where applications listen.'),
  }).describe('Applications are reached where their Workload says.'),
  protocolDetectionTimeout: durationOrZero().describe(
    'How long a client’s first bytes are waited for where they tell what it speaks: ports that do not say their protocol, and plain text on PERMISSIVE ports. 100ms by default; 0s: for ever.',
  ),
  connectTimeout: duration().describe('Time to connect, where no DestinationRule says; 10s by default.'),
  tcpKeepalive: tcpKeepalive().describe('TCP keep-alive to services, where no DestinationRule says.'),
  h2UpgradePolicy: z
    .enum(['DO_NOT_UPGRADE', 'UPGRADE'])
    .describe(
      'Whether HTTP/1.1 to services of the mesh becomes HTTP/2, where no DestinationRule says; where both sides agree by default.',
    ),
  defaultHttpRetryPolicy: retries.describe(
    'How failed requests are tried again where a route does not say; Istio’s 2 attempts by default.',
  ),
  localityLbSetting: localityLbSetting.describe('Preference by locality, where no DestinationRule says.'),
  zoneAwareLbSetting: zoneAwareLbSetting.describe(
    'Preference for the caller’s zone, where no DestinationRule says.',
  ),
  pathNormalization: options({
    normalization: z
      .enum(['DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'])
      .describe(
        'BASE (default): as RFC 3986; MERGE_SLASHES: also // becomes /; DECODE_AND_MERGE_SLASHES: also %2F and %5C become slashes; NONE: as it came.',
      ),
  }).describe('How paths are written before routes and policies see them.'),
  accessLogFile: z
    .string()
    .describe('File of the access log; empty turns it off. /dev/stdout (the proxy’s log) by default.'),
  accessLogFormat: z
    .string()
    .describe('Template of a line, or a JSON object of templates with encoding JSON; Istio’s when empty.'),
  accessLogEncoding: z
    .enum(['TEXT', 'JSON'])
    .describe('A line of text (default) or a JSON object per request.'),
  extensionProviders: z
    .array(extensionProvider)
    .describe('Services and files that policies refer to by name.'),
  defaultProviders: options({
    accessLogging: z
      .array(z.string())
      .describe('Access logs of every proxy, by name; `envoy` is the one of accessLogFile.'),
    metrics: z.array(z.string()).describe('Providers of metrics.'),
    tracing: z.array(z.string()).describe('Providers of tracing.'),
  }).describe('Providers for what does not name one.'),
  defaultConfig: defaultConfig.describe('How proxies are started, where no ProxyConfig or Workload says.'),
  defaultServiceExportTo: exportTo('Services and ServiceEntries'),
  defaultVirtualServiceExportTo: exportTo('VirtualServices'),
  defaultDestinationRuleExportTo: exportTo('DestinationRules'),
  discoverySelectors: z
    .array(labelSelector)
    .describe('Namespaces of which one of these holds; resources and workloads of others are not looked at.'),
  enableAutoMtls: z
    .boolean()
    .describe('Whether callers use mTLS by themselves where the other side takes it; true by default.'),
  verifyCertificateAtClient: z
    .boolean()
    .describe(
      'Whether certificates are verified where a DestinationRule begins TLS and names neither roots nor names; true by default.',
    ),
  meshMTLS: tlsConfig().describe('mTLS between sidecars is TLS 1.3 here.'),
  tlsDefaults: tlsConfig().describe(
    'TLS that is not the mesh’s own, where nothing else is said: what gateways and Sidecars end, what DestinationRules begin.',
  ),
  serviceSettings: z
    .array(
      options({
        settings: options({
          clusterLocal: z.boolean().describe('Only endpoints of the caller’s cluster.'),
        }).describe('What holds for them.'),
        hosts: z.array(z.string()).describe('The services.'),
      }),
    )
    .describe('A mesh is one cluster here: its services are local to it.'),
  dnsRefreshRate: duration().describe(
    'How often names of ServiceEntries are looked up again: an Envoy’s where their records do not say how long they hold, else 5s; Tulle’s own proxy always, else 60s.',
  ),
  rootNamespace: z.string().describe('They are tulle-system and istio-system here.'),
  enableTracing: z.boolean().describe('Tracing.'),
  enablePrometheusMerge: z.boolean().describe('Metrics of applications.'),
  enableEnvoyAccessLogService: z.boolean().describe('Access logs by gRPC.'),
  disableEnvoyListenerLog: z.boolean().describe('Log of connections that no chain took.'),
  inboundClusterStatName: clusterName('Name of an application’s port in its proxy’s statistics'),
  outboundClusterStatName: clusterName('Name of a destination in a proxy’s statistics'),
  proxyListenPort: z.int().describe('Ports of captured traffic are chosen per instance here.'),
  proxyInboundListenPort: z.int().describe('Ports of captured traffic are chosen per instance here.'),
  proxyHttpPort: z.int().describe('Each instance’s HTTP proxy has a port of its own here.'),
  ingressClass: z.string().describe('For Kubernetes’ Ingress.'),
  ingressService: z.string().describe('For Kubernetes’ Ingress.'),
  ingressSelector: z.string().describe('For Kubernetes’ Ingress.'),
  ingressControllerMode: z
    .enum(['UNSPECIFIED', 'OFF', 'DEFAULT', 'STRICT'])
    .describe('For Kubernetes’ Ingress.'),
  configSources: z.array(anything()).describe('Other sources of configuration.'),
  caCertificates: z.array(anything()).describe('More roots of the mesh.'),
  certificates: z.array(anything()).describe('Certificates for DNS names.'),
  ca: anything().describe('Another certificate authority.'),
  compliancePolicy: z.string().describe('Restrictions of TLS.'),
  hboneIdleTimeout: duration().describe('For ambient mode.'),
  serviceScopeConfigs: z.array(anything()).describe('For ambient mode.'),
};

export const meshConfig = options(meshConfigFields);
export type MeshConfig = z.infer<typeof meshConfig>;

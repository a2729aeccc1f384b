import { z } from 'zod';
import { duration } from '../../schema/duration.ts';
import { mapOf, nullable, options } from '../../schema/message.ts';
import { uint32 } from '../../schema/number.ts';

const anything = () => z.record(z.string(), z.unknown());
const none = 'Without meaning here.';
const later = 'Without effect yet.';

/** Istio's Topology. */
export const gatewayTopology = () =>
  options({
    numTrustedProxies: uint32().describe(
      'Proxies between the Internet and the gateway whose x-forwarded-for is believed; 0 by default.',
    ),
    forwardClientCertDetails: z
      .enum([
        'UNDEFINED',
        'SANITIZE',
        'FORWARD_ONLY',
        'APPEND_FORWARD',
        'SANITIZE_SET',
        'ALWAYS_FORWARD_ONLY',
      ])
      .describe(
        'What gateways do with x-forwarded-client-cert: SANITIZE_SET by default, it says whose certificate the client has shown, whatever the client says.',
      ),
    proxyProtocol: options({}).describe(
      'Every connection to a gateway begins with a PROXY header (v1 or v2), as load balancers send it; its addresses are believed, and connections without one are closed.',
    ),
  });

/** MeshConfig.defaultConfig: Istio's ProxyConfig (mesh/v1alpha1/proxy.proto). */
export const defaultConfig = options({
  concurrency: nullable(z.int32().min(0)).describe('Worker processes of each proxy; 0: one per processor.'),
  proxyMetadata: mapOf(z.string()).describe('More environment of proxies.'),
  terminationDrainDuration: duration().describe(
    'How long a proxy that stops lets connections end, where the Workload does not say; 2s by default.',
  ),
  gatewayTopology: gatewayTopology().describe('What stands between gateways and their clients.'),
  drainDuration: duration().describe('For hot restarts of Envoy.'),
  parentShutdownDuration: duration().describe('For hot restarts of Envoy.'),
  holdApplicationUntilProxyStarts: z.boolean().describe('An application always starts after its proxy here.'),
  image: options({ imageType: z.string().describe('There is no image here.') }).describe(
    'There is no image here.',
  ),
  interceptionMode: z.enum(['REDIRECT', 'TPROXY', 'NONE']).describe('The Workload’s capture says.'),
  controlPlaneAuthPolicy: z.enum(['NONE', 'MUTUAL_TLS', 'INHERIT']).describe('It is always mTLS here.'),
  tracingServiceName: z
    .enum(['APP_LABEL_AND_NAMESPACE', 'CANONICAL_NAME_ONLY', 'CANONICAL_NAME_AND_NAMESPACE'])
    .describe('Tracing.'),
  runtimeValues: mapOf(z.string()).describe('Runtime settings of Envoy.'),
  extraStatTags: z.array(z.string()).describe('More labels of metrics.'),
  caCertificatesPem: z.array(z.string()).describe('More roots of the mesh.'),
  proxyAdminPort: z.int().describe('Chosen per instance here.'),
  statusPort: z.int().describe('There is no agent’s port here.'),
  statNameLength: z.int().describe('Names of statistics have no limit here.'),
  configPath: z.string().describe(none),
  binaryPath: z.string().describe(none),
  serviceCluster: z.string().describe(none),
  discoveryAddress: z.string().describe(none),
  zipkinAddress: z.string().describe(none),
  statsdUdpAddress: z.string().describe(none),
  customConfigFile: z.string().describe(none),
  proxyBootstrapTemplatePath: z.string().describe(none),
  meshId: z.string().describe(none),
  availabilityZone: z.string().describe(none),
  envoyMetricsServiceAddress: z.string().describe(none),
  tracing: anything().describe(later),
  envoyAccessLogService: anything().describe(later),
  envoyMetricsService: anything().describe(later),
  readinessProbe: anything().describe(later),
  proxyStatsMatcher: anything().describe(later),
  privateKeyProvider: anything().describe(later),
  proxyHeaders: anything().describe(later),
  statsCompression: z.boolean().describe(later),
  sds: anything().describe(later),
  discoveryRefreshDelay: duration().describe(none),
});

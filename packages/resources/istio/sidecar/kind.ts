import { z } from 'zod';
import type { ResourceKind } from '../../kind.ts';
import { message, options } from '../../schema/message.ts';
import { uint32 } from '../../schema/number.ts';
import { resourceSchema } from '../../schema/resource.ts';
import { connectionPool } from '../destination-rule/connection-pool.ts';
import { serverTls } from '../gateway.ts';
import { labelSelector } from '../selector.ts';
import { istioStatus } from '../status.ts';
import { checkSidecar } from './check.ts';
import { inert } from './inert.ts';

const identity = {
  group: 'networking.istio.io',
  kind: 'Sidecar',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
} as const;

const port = () =>
  options({
    number: uint32().describe('Port number; 0 for a Unix socket.'),
    protocol: z.string().describe('HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TLS, TCP, MONGO, REDIS or MYSQL.'),
    name: z.string().describe('A name for it, in the proxy’s own configuration.'),
    targetPort: uint32().describe('Without meaning for a Sidecar.'),
  });

const captureMode = () =>
  z
    .enum(['DEFAULT', 'IPTABLES', 'NONE'])
    .describe(
      'NONE: the listener binds its address and port, and is called there; DEFAULT and IPTABLES: traffic reaches it as the workload’s capture says.',
    );

const egressListener = message(
  {
    hosts: z
      .array(z.string())
      .describe(
        'What may be called here, as `namespace/host`: namespace is a name, `.` (its own), `*` (any) or `~` (none); host a full name, `*.example.com` or `*`.',
      ),
  },
  {
    port: port().describe('The port that the hosts are called on; without it, each host’s own ports.'),
    bind: z
      .string()
      .describe('IP address or unix:// socket that the application calls; 127.0.0.1 with captureMode NONE.'),
    captureMode: captureMode(),
  },
);
export type EgressListener = z.infer<typeof egressListener>;

const ingressListener = message(
  { port: port().describe('The port that callers know.') },
  {
    bind: z.string().describe('IP address or unix:// socket to listen on besides.'),
    captureMode: captureMode(),
    defaultEndpoint: z
      .string()
      .describe(
        'Where the application listens: 127.0.0.1:PORT, [::1]:PORT, 0.0.0.0:PORT (the instance’s own address) or unix:///path; the same port by default.',
      ),
    tls: serverTls.describe('TLS that ends here, of clients outside the mesh; where mTLS is DISABLEd.'),
    connectionPool: connectionPool().describe('Connections to the application on this port.'),
  },
);
export type IngressListener = z.infer<typeof ingressListener>;

const outboundTrafficPolicy = options({
  mode: z
    .enum(['REGISTRY_ONLY', 'ALLOW_ANY'])
    .describe(
      'ALLOW_ANY: other hosts are reached; REGISTRY_ONLY: only the hosts above. The mesh’s by default.',
    ),
  egressProxy: message(
    { host: z.string().describe('A service, by its full name.') },
    {
      subset: z.string().describe('A subset of it.'),
      port: options({ number: uint32().describe('Port number.') }).describe('The port of the service.'),
    },
  ).describe('Where traffic to other hosts goes instead of to them.'),
});

const spec = options({
  workloadSelector: labelSelector().describe(
    'The workloads that it holds for; all of the namespace (of the mesh, in its root namespace) when absent.',
  ),
  ingress: z
    .array(ingressListener)
    .describe('The ports on which the workload is called; those of the workload when absent.'),
  egress: z
    .array(egressListener)
    .describe(
      'What the workload may call; when absent, as the namespace’s Sidecar says, then the mesh’s, then all.',
    ),
  inboundConnectionPool: connectionPool().describe(
    'Connections to the application on ports that do not say.',
  ),
  outboundTrafficPolicy: outboundTrafficPolicy.describe('What happens to calls to other hosts.'),
});

const schema = resourceSchema(
  identity,
  {},
  { spec: spec.describe('What sidecars listen on and may call.'), status: istioStatus },
);

export type Sidecar = z.infer<typeof schema>;
export type SidecarSpec = z.infer<typeof spec>;

export const sidecar = {
  ...identity,
  plural: 'sidecars',
  singular: 'sidecar',
  shortNames: [],
  categories: ['istio-io', 'networking-istio-io'],
  namespaced: true,
  description: 'What the sidecars of a namespace or of some workloads listen on and may call.',
  schema,
  columns: [{ name: 'Age', type: 'date', path: 'metadata.creationTimestamp' }],
  check: checkSidecar,
  inert,
} satisfies ResourceKind<Sidecar>;

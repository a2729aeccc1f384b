import { canonicalName } from '@tulle/control-plane/model/instances/canonical';
import {
  formatNodeId,
  type InboundPort,
  istioVersion,
  type OutboundCapture,
  type ProxyMetadata,
  type ProxyRole,
  type TransparentCapture,
} from '@tulle/xds/node';
import type { InstancePorts } from '../ports/instance-ports.ts';
import type { MeshPorts } from '../ports/mesh-ports.ts';
import type { WorkloadPlan } from '../workload-plan.ts';

/** What a proxy will say of itself. */
export interface NodeInput {
  readonly role: ProxyRole;
  readonly mesh: string;
  readonly namespace: string;
  readonly instance: string;
  readonly workload: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly engine: ProxyMetadata['TULLE_ENGINE'];
  readonly locality?: string;
  readonly network?: string;
  readonly weight?: number;
  readonly inbound: readonly InboundPort[];
  readonly outbound: OutboundCapture;
  readonly capture?: TransparentCapture;
  readonly adminPort: number;
}

export interface ProxyNode {
  readonly id: string;
  readonly cluster: string;
  readonly metadata: ProxyMetadata;
}

/** The address by which other proxies on this machine reach the instance. */
const ADDRESS = '127.0.0.1';

/** The Node by which a proxy is known to the control plane. */
export function makeNode(input: NodeInput): ProxyNode {
  const { labels, locality, network, weight } = input;
  return {
    id: formatNodeId(input.role, ADDRESS, input.instance, input.namespace),
    cluster: `${canonicalName(labels, input.workload)}.${input.namespace}`,
    metadata: {
      NAMESPACE: input.namespace,
      SERVICE_ACCOUNT: input.serviceAccount,
      NAME: input.instance,
      WORKLOAD_NAME: input.workload,
      LABELS: labels,
      CLUSTER_ID: input.mesh,
      MESH_ID: input.mesh,
      ISTIO_VERSION: istioVersion,
      TULLE_ENGINE: input.engine,
      TULLE_INBOUND: input.inbound,
      TULLE_OUTBOUND: input.outbound,
      ...(input.capture === undefined ? {} : { TULLE_CAPTURE: input.capture }),
      TULLE_ADMIN_PORT: input.adminPort,
      ...(network === undefined ? {} : { NETWORK: network }),
      ...(weight === undefined ? {} : { TULLE_WEIGHT: weight }),
      ...(locality === undefined ? {} : { TULLE_LOCALITY: locality }),
    },
  };
}

export const roleOf = (plan: Pick<WorkloadPlan, 'command'>): ProxyRole =>
  plan.command === undefined ? 'router' : 'sidecar';

/** The proxy of an instance of a Workload. */
export function instanceNode(
  plan: WorkloadPlan,
  of: {
    readonly mesh: string;
    readonly instance: string;
    readonly ports: InstancePorts;
  },
): NodeInput {
  const { ports, ...rest } = of;
  return {
    ...rest,
    role: roleOf(plan),
    namespace: plan.namespace,
    workload: plan.name,
    serviceAccount: plan.serviceAccount,
    labels: plan.labels,
    engine: plan.engine,
    ...(plan.locality === undefined ? {} : { locality: plan.locality }),
    ...(plan.network === undefined ? {} : { network: plan.network }),
    ...(plan.weight === undefined ? {} : { weight: plan.weight }),
    inbound: ports.inboundListeners,
    outbound: ports.outbound,
    ...(ports.capture === undefined ? {} : { capture: ports.capture }),
    adminPort: ports.admin,
  };
}

/** The pod ports of Istio's gateway, which its Service maps 80 and 443 to, and where they are bound here. */
const POD_PORTS = { http: 8080, https: 8443 } as const;

/** The ingress gateway's proxy. */
export function gatewayNode(
  ports: Pick<MeshPorts, 'address' | 'http' | 'https'>,
  of: { readonly mesh: string; readonly adminPort: number },
) {
  const inbound = (name: 'http' | 'https'): InboundPort => ({
    port: POD_PORTS[name],
    name,
    protocol: name,
    bindAddress: ports.address,
    bindPort: ports[name],
    appAddress: ports.address,
    appPort: ports[name],
  });
  return {
    ...of,
    role: 'router',
    namespace: 'tulle-system',
    instance: 'ingressgateway-0',
    workload: 'ingressgateway',
    serviceAccount: 'ingressgateway',
    labels: { app: 'istio-ingressgateway', istio: 'ingressgateway' },
    engine: 'tulle',
    inbound: [inbound('http'), inbound('https')],
    outbound: { upstreams: [] },
  } as const satisfies NodeInput;
}

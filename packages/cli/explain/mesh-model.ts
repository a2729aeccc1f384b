import { compile } from '@tulle/control-plane/compile/compile';
import type { ProxyDescription } from '@tulle/control-plane/compile/proxy';
import { instanceOf, specOf } from '@tulle/control-plane/discovery/universal/registration';
import { spiffeUri } from '@tulle/control-plane/identity/spiffe';
import type { WorkloadInstance } from '@tulle/control-plane/model/instances/instance';
import type { MeshSpec } from '@tulle/control-plane/model/mesh/mesh';
import { meshSpecOf } from '@tulle/control-plane/model/mesh/mesh-spec';
import { buildModel, type Model } from '@tulle/control-plane/model/model';
import { systemResources } from '@tulle/control-plane/startup/system-resources';
import type { RawResources } from '@tulle/data-plane/config/last-good';
import type { Resource } from '@tulle/resources/kind';
import type { Workload } from '@tulle/resources/tulle/workload';
import { type ProxyMetadata, parseNodeId } from '@tulle/xds/node';
import { byType } from '@tulle/xds/resource';
import { allocatePorts } from '../up/ports/instance-ports.ts';
import { gatewayNode, instanceNode, makeNode } from '../up/proxy/proxy-node.ts';
import { withRateLimitService } from '../up/rate-limit-service.ts';
import { planWorkload } from '../up/workload-plan.ts';

/** A mesh as its control plane sees it, and its proxies. */
export interface MeshModel {
  readonly model: Model;
  readonly instances: readonly WorkloadInstance[];
  readonly proxies: readonly ProxyDescription[];
}

const defaultTrustDomain = 'cluster.local';

/** The mesh that `tulle up` would make of resources alone: every instance runs, is healthy and has some port. */
export async function modelOfFiles(written: readonly Resource[]): Promise<MeshModel> {
  const resources = withSystemResources(written);
  const mesh = meshSpecIn(resources);
  const trustDomain = mesh.trustDomain ?? defaultTrustDomain;
  const nodes = await nodesOf(resources, mesh);
  const proxies = nodes.map(({ id, metadata }) => {
    const { NAMESPACE: namespace, SERVICE_ACCOUNT: serviceAccount } = metadata;
    return proxyOf(id, metadata, spiffeUri(trustDomain, { namespace, serviceAccount }));
  });
  const instances = proxies.map(({ id, metadata }) =>
    instanceOf({
      apiVersion: 'tulle.dev/v1alpha1',
      kind: 'Registration',
      metadata: { name: metadata.NAME, namespace: metadata.NAMESPACE },
      spec: specOf(id, metadata),
      status: { ready: true },
    }),
  );
  return { model: modelOf(resources, instances), instances, proxies };
}

export function modelOf(resources: readonly Resource[], instances: readonly WorkloadInstance[]): Model {
  return buildModel({
    mesh: meshSpecIn(resources),
    resources: withRateLimitService(resources),
    instances,
  });
}

/** What compile has for a proxy. Beside another engine, what ours would get: it means the same. */
export function resourcesOf(model: Model, proxy: ProxyDescription): RawResources {
  const { snapshot } = compile(model, asOurs(proxy));
  return byType((type) =>
    [...snapshot[type].values()].map(({ name, version, bytes }) => ({ name, version, bytes })),
  );
}

/** Plans are kept by description: the same object for the same proxy. */
const ours = new WeakMap<ProxyDescription, ProxyDescription>();

function asOurs(proxy: ProxyDescription): ProxyDescription {
  if (proxy.metadata.TULLE_ENGINE === 'tulle') return proxy;
  const metadata = { ...proxy.metadata, TULLE_ENGINE: 'tulle' as const };
  const own = ours.get(proxy) ?? { ...proxy, metadata };
  ours.set(proxy, own);
  return own;
}

export function proxyOf(nodeId: string, metadata: ProxyMetadata, identity: string): ProxyDescription {
  return { id: nodeId, role: parseNodeId(nodeId)?.role ?? 'sidecar', metadata, identity };
}

function meshSpecIn(resources: readonly Resource[]): MeshSpec {
  const mesh = resources.find(
    ({ kind, apiVersion }) => kind === 'Mesh' && apiVersion.startsWith('tulle.dev/'),
  );
  return meshSpecOf(mesh?.spec as MeshSpec | undefined, (namespace) =>
    resources.find(
      ({ kind, metadata }) =>
        kind === 'ConfigMap' && metadata.name === 'istio' && metadata.namespace === namespace,
    ),
  );
}

/** As the control plane has them: what every mesh has included, unless a file says otherwise. */
function withSystemResources(written: readonly Resource[]): Resource[] {
  const key = ({ kind, metadata }: Resource): string =>
    `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  const all = new Map([...systemResources, ...written].map((resource) => [key(resource), resource]));
  return [...all.values()].map((resource) => ({
    ...resource,
    metadata: { generation: 1, ...resource.metadata },
  }));
}

/** The first port of those that stand for what the supervisor would choose. */
const firstPort = 20_000;

async function nodesOf(
  resources: readonly Resource[],
  { ports = {} }: MeshSpec,
): Promise<{ readonly id: string; readonly metadata: ProxyMetadata }[]> {
  const of = { mesh: 'mesh', adminPort: 0 } as const;
  const { address = '127.0.0.1', http = 8080, https = 8443 } = ports;
  const nodes = [makeNode(gatewayNode({ address, http, https }, of))];
  let next = firstPort;
  const allocator = { take: async () => next++ };
  for (const workload of resources.filter(({ kind }) => kind === 'Workload') as Workload[]) {
    const plan = planWorkload(workload, { directory: '/', capture: 'env' });
    for (let replica = 0; replica < plan.replicas; replica++) {
      const instance = `${plan.name}-${replica}`;
      const instancePorts = await allocatePorts(allocator, plan);
      nodes.push(makeNode(instanceNode(plan, { ...of, instance, ports: instancePorts })));
    }
  }
  return nodes;
}

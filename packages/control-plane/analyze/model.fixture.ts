import type { Resource } from '@tulle/resources/kind';
import { findKind } from '@tulle/resources/kinds';
import { instanceOf, type Registration } from '../discovery/universal/registration.ts';
import type { MeshSpec } from '../model/mesh/mesh.ts';
import { meshSpecOf } from '../model/mesh/mesh-spec.ts';
import { buildModel, type Model } from '../model/model.ts';
import { systemResources } from '../startup/system-resources.ts';

/** The mesh's own gateway, as every mesh has it. */
const gateway = instanceOf({
  apiVersion: 'tulle.dev/v1alpha1',
  kind: 'Registration',
  metadata: { name: 'ingressgateway-0', namespace: 'tulle-system' },
  spec: {
    ...{ proxy: 'router', workload: 'ingressgateway', serviceAccount: 'ingressgateway', weight: 1 },
    labels: { app: 'istio-ingressgateway', istio: 'ingressgateway' },
    ...{ address: '127.0.0.1', adminAddress: '', locality: '', network: '', cluster: '' },
    ports: [
      { port: 8080, name: 'http2', target: 8080 },
      { port: 8443, name: 'https', target: 8443 },
    ],
    ...{ engine: 'tulle', capture: 'env' },
  },
  status: { ready: true },
} satisfies Registration);

/** A mesh of these resources, and what every mesh has. */
export function modelOf(written: readonly Resource[]): Model {
  const resources = [...systemResources, ...written].map((resource): Resource => {
    const namespaced = findKind(resource.apiVersion, resource.kind)?.namespaced !== false;
    return {
      ...resource,
      metadata: { ...(namespaced && { namespace: 'default' }), generation: 1, ...resource.metadata },
    };
  });
  const find = (kind: string, namespace?: string) =>
    resources.find((one) => one.kind === kind && one.metadata.namespace === namespace);
  const mesh = meshSpecOf(find('Mesh')?.spec as MeshSpec | undefined, (namespace) =>
    find('ConfigMap', namespace),
  );
  return buildModel({ mesh, resources, instances: [gateway] });
}

import type { ConfigMap } from '@tulle/resources/core/config-map';
import {
  holdsMeshConfig,
  meshConfigNamespaces,
  readMeshConfig,
} from '@tulle/resources/istio/mesh-config/config-map';
import type { Resource } from '@tulle/resources/kind';
import type { MeshSpec } from './mesh.ts';

/**
 * What the mesh is said to be: by its Mesh resource, and by Istio's ConfigMap where that says nothing of a field.
 * @param configMap the ConfigMap `istio` of a namespace
 */
export function meshSpecOf(
  mesh: MeshSpec | undefined,
  configMap: (namespace: string) => Resource | undefined,
): MeshSpec {
  for (const namespace of meshConfigNamespaces) {
    const written = configMap(namespace) as ConfigMap | undefined;
    if (written === undefined || !holdsMeshConfig(written)) continue;
    return { ...readMeshConfig(written).config, ...mesh };
  }
  return mesh ?? {};
}

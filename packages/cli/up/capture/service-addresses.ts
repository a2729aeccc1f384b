import { meshSettings } from '@tulle/control-plane/model/mesh/mesh';
import { findKind } from '@tulle/resources/kinds';
import type { Mesh } from '@tulle/resources/tulle/mesh';
import type { ApiClient } from '../../api/client.ts';

/** Where the control plane gives services their addresses. */
export function serviceAddressesIn(mesh: Mesh | undefined): string {
  return meshSettings(mesh?.spec ?? {}).serviceAddresses;
}

/** The same of a mesh that runs. */
export async function serviceAddressesOf(client: ApiClient, name: string): Promise<string> {
  const kind = findKind('tulle.dev/v1alpha1', 'Mesh');
  const { items } = kind === undefined ? { items: [] } : await client.list(kind);
  return serviceAddressesIn(items.find(({ metadata }) => metadata.name === name) as Mesh | undefined);
}

import { findKind } from '@tulle/resources/kinds';
import type { Mesh } from '@tulle/resources/tulle/mesh';
import type { ApiClient } from '../../api/client.ts';

/** Where services get their addresses when the Mesh does not say: Istio's range. */
const defaultRange = '240.240.0.0/16';

export function serviceAddressesIn(mesh: Mesh | undefined): string {
  return mesh?.spec?.dns?.serviceAddresses ?? defaultRange;
}

/** The same of a mesh that runs. */
export async function serviceAddressesOf(client: ApiClient, name: string): Promise<string> {
  const kind = findKind('tulle.dev/v1alpha1', 'Mesh');
  const { items } = kind === undefined ? { items: [] } : await client.list(kind);
  return serviceAddressesIn(items.find(({ metadata }) => metadata.name === name) as Mesh | undefined);
}

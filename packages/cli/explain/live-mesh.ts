import type { ProxyDescription } from '@tulle/control-plane/compile/proxy';
import { instanceOf, type Registration } from '@tulle/control-plane/discovery/universal/registration';
import type { WorkloadInstance } from '@tulle/control-plane/model/instances/instance';
import type { Resource } from '@tulle/resources/kind';
import { kinds } from '@tulle/resources/kinds';
import type { ProxyMetadata } from '@tulle/xds/node';
import { isApiError } from '../api/api-error.ts';
import type { ApiClient } from '../api/client.ts';
import { at, text } from '../api/config-dump.ts';
import type { ProxyStatus } from '../api/proxies.ts';
import { askProxy } from '../api/proxy-admin.ts';
import { proxyOf } from './mesh-model.ts';

/** What a running mesh's control plane makes its model of. */
export interface LiveMesh {
  readonly resources: readonly Resource[];
  readonly instances: readonly WorkloadInstance[];
}

export async function readLiveMesh(client: ApiClient): Promise<LiveMesh> {
  const wanted = kinds.filter(({ kind }) => kind !== 'Event');
  // A mesh that was started by an older version does not have every kind.
  const none = (error: unknown): readonly Resource[] => {
    if (isApiError(error, 404)) return [];
    throw error;
  };
  const lists = await Promise.all(wanted.map((kind) => client.list(kind).then(({ items }) => items, none)));
  const all = lists.flat();
  const isRegistration = ({ kind }: Resource): boolean => kind === 'Registration';
  return {
    resources: all.filter((resource) => !isRegistration(resource)),
    instances: all.filter(isRegistration).map((resource) => instanceOf(resource as Registration)),
  };
}

/** A connected proxy as compile sees it: by what it says of itself, ours or an Envoy. */
export async function describeRunning(proxy: ProxyStatus): Promise<ProxyDescription> {
  const info = await askProxy(proxy, '/server_info');
  const metadata = at(info, 'node', 'metadata') as ProxyMetadata;
  return proxyOf(text(info, 'node', 'id'), metadata, proxy.identity);
}

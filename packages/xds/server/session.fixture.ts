import { byType, type Snapshot, typeUrls, type XdsResource, type XdsType } from '../resource.ts';
import { encode } from '../wire.ts';
import type { SessionRequest } from './request.ts';
import type { SessionResponse } from './response.ts';

const nothing = new Uint8Array();

export const resource = (name: string, version = '1', bytes: Uint8Array = nothing): XdsResource => ({
  name,
  version,
  bytes,
  origins: [],
});

/** A cluster whose endpoints come by EDS under its own name. */
export const edsCluster = (name: string, version = '1'): XdsResource =>
  resource(name, version, encode('envoy.config.cluster.v3.Cluster', { name, type: 'EDS' }));

export function snapshotOf(parts: Partial<Record<XdsType, readonly XdsResource[]>>): Snapshot {
  return byType((type) => new Map((parts[type] ?? []).map((item) => [item.name, item])));
}

export function request(type: XdsType, parts: Partial<SessionRequest> = {}): SessionRequest {
  return {
    variant: 'delta',
    type,
    typeUrl: typeUrls[type],
    nonce: '',
    subscribe: [],
    unsubscribe: [],
    initialVersions: new Map(),
    ...parts,
  };
}

/** `cluster +a@1 +b@2 -c`: a response in one line. */
export function line(response: SessionResponse | undefined): string {
  if (response === undefined) return '';
  const resources = response.resources.map(({ name, version }) => `+${name}@${version}`);
  return [response.type, ...resources, ...response.removed.map((name) => `-${name}`)].join(' ');
}

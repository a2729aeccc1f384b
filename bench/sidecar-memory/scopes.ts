import type { Resource } from '@tulle/resources/kind';
import { namespace } from '../control-plane/mesh.ts';
import type { Size } from '../control-plane/sizes.ts';

/** What a sidecar sees of the mesh. */
export interface Scope {
  readonly name: string;
  /** Declared by the proxy itself. */
  readonly upstreams: number;
  /** What there is beside the mesh. */
  readonly resources: readonly Resource[];
}

const declared = 10;

/** A Sidecar resource that lets a namespace call as many services as the declared upstreams are. */
const sidecar: Resource = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Sidecar',
  metadata: { name: 'default', namespace },
  spec: {
    egress: [
      {
        hosts: Array.from(
          { length: declared },
          (_, at) => `./service-${String(at + 1).padStart(4, '0')}.${namespace}.svc.cluster.local`,
        ),
      },
    ],
  },
};

export const scopes: readonly Scope[] = [
  { name: 'all', upstreams: 0, resources: [] },
  { name: 'upstreams', upstreams: declared, resources: [] },
  { name: 'sidecar', upstreams: 0, resources: [sidecar] },
];

/** One proxy is enough: all others are addresses. */
export const sizeOf = (services: number, endpoints: number, { upstreams }: Scope): Size => ({
  services,
  endpoints,
  proxies: 1,
  upstreams,
});

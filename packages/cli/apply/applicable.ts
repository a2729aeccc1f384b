import { dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ConfigMap } from '@tulle/resources/core/config-map';
import { holdsMeshConfig, meshConfigNamespaces } from '@tulle/resources/istio/mesh-config/config-map';
import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { apiVersionOf } from '../api/client.ts';
import { usageError } from '../failure.ts';

/** kubectl's annotation, so that both tools can apply the same resource. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** A resource ready to be applied. */
export interface Applicable {
  readonly kind: ResourceKind;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  /** Under the version that is stored, with its namespace, without what only the server writes. */
  readonly resource: Resource;
}

/**
 * @param file where it comes from: a Workload's working directory is relative to it
 * @param defaultNamespace for namespaced resources that name none
 */
export function makeApplicable(
  resource: Resource,
  kind: ResourceKind,
  options: {
    readonly file?: string;
    readonly defaultNamespace: string;
    readonly labels?: Record<string, string>;
  },
): Applicable {
  const { file, defaultNamespace, labels } = options;
  const { status: _status, metadata, ...rest } = resource;
  const {
    uid: _u,
    resourceVersion: _r,
    generation: _g,
    creationTimestamp: _c,
    managedFields: _m,
    selfLink: _s,
    ...kept
  } = metadata;
  const { namespace: _ns, labels: ownLabels, annotations, ...own } = kept;
  const namespace = kind.namespaced ? (metadata.namespace ?? homeOf(resource) ?? defaultNamespace) : '';
  const { [LAST_APPLIED]: _last, ...ownAnnotations } = annotations ?? {};
  const allLabels = { ...ownLabels, ...labels };
  const prepared: Resource = {
    ...rest,
    apiVersion: apiVersionOf(kind),
    metadata: {
      ...own,
      ...(kind.namespaced ? { namespace } : {}),
      ...(Object.keys(allLabels).length === 0 ? {} : { labels: allLabels }),
      ...(Object.keys(ownAnnotations).length === 0 ? {} : { annotations: ownAnnotations }),
    },
  };
  if (kind.kind === 'Workload' && kind.group === 'tulle.dev' && file !== undefined)
    anchorDirectory(prepared, file);
  return { kind, namespace, name: metadata.name, resource: prepared };
}

/** Istio's ConfigMap of the mesh's settings counts in the root namespace: it is not somebody's of `default`. */
const homeOf = (resource: Resource): string | undefined =>
  resource.kind === 'ConfigMap' && holdsMeshConfig(resource as ConfigMap)
    ? meshConfigNamespaces[0]
    : undefined;

/** The API keeps an absolute working directory: it knows no file that a relative one could start from. Gateways have none. */
function anchorDirectory(workload: Resource, file: string): void {
  const spec = workload.spec as { role?: string; workingDirectory?: string };
  if (spec.role === 'gateway') return;
  workload.spec = { ...spec, workingDirectory: resolve(dirname(file), spec.workingDirectory ?? '.') };
}

/** Tells resources apart. The group counts, not the version: versions are aliases. */
export function identity({ apiVersion, kind, metadata }: Resource): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return `${group} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

/** Whether they say the same, whatever they are called and whoever looked after them. */
export function sameContent(a: Resource, b: Resource): boolean {
  return isDeepStrictEqual(contentOf(a), contentOf(b));
}

function contentOf(resource: Resource): Record<string, unknown> {
  const { metadata: _m, status: _s, apiVersion: _a, kind: _k, ...content } = resource;
  return content;
}

/** `virtualservice.networking.istio.io/reviews`, as kubectl names things in its output. */
export function displayName(kind: Pick<ResourceKind, 'singular' | 'group'>, name: string): string {
  return `${kind.singular}${kind.group === '' ? '' : `.${kind.group}`}/${name}`;
}

/**
 * What others refer to comes first, so that no reference ever points to what isn't there yet: subsets before
 * the routes that use them. Deleting goes the other way round.
 */
const ORDER = [
  'Mesh',
  'Namespace',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'Service',
  'ServiceEntry',
  'WorkloadEntry',
  'PeerAuthentication',
  'RequestAuthentication',
  'DestinationRule',
  'HealthCheckPolicy',
  'Gateway',
  'VirtualService',
  'Sidecar',
  'ProxyConfig',
  'Workload',
];

export function inApplyOrder<T extends { readonly kind: Pick<ResourceKind, 'kind'> }>(
  items: readonly T[],
): T[] {
  const rank = ({ kind }: T): number => (ORDER.indexOf(kind.kind) + ORDER.length + 1) % (ORDER.length + 1);
  return [...items].sort((a, b) => rank(a) - rank(b));
}

/** @throws Failure (usage) when `-n` contradicts what a namespaced resource says */
export function refuseOther(resource: Resource, kind: ResourceKind, namespace: string | undefined): void {
  const { name, namespace: own } = resource.metadata;
  if (kind.namespaced && own !== undefined && namespace !== undefined && own !== namespace)
    throw usageError(`${displayName(kind, name)} is in namespace ${own}, but -n says ${namespace}`);
}

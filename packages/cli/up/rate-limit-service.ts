import { service } from '@tulle/resources/core/service';
import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { type RateLimitPolicySpec, rateLimitPolicy } from '@tulle/resources/tulle/limits/rate-limit-policy';
import { type MeshSpec, mesh as meshKind } from '@tulle/resources/tulle/mesh';
import { workload } from '@tulle/resources/tulle/workload';
import { isApiError } from '../api/api-error.ts';
import { type ApiClient, apiVersionOf } from '../api/client.ts';
import { startInformer } from '../api/informer.ts';
import { type Applicable, makeApplicable } from '../apply/applicable.ts';
import { applyAll, lastApplied } from '../apply/apply.ts';

/** Where policies ask, unless they say another. */
const name = 'rate-limit';
const namespace = 'tulle-system';
const port = 8081;

/** Who has written what stands under that name: somebody's own service stays as it is. */
const label = { 'app.kubernetes.io/managed-by': 'tulle-up' };
const isOurs = (resource: Resource | undefined): boolean =>
  resource !== undefined &&
  Object.entries(label).every(([key, value]) => lastApplied(resource)?.metadata.labels?.[key] === value);

/** The API failed between two writes: it is asked again after this. */
const retryMs = 1_000;

export interface KeptService {
  /**
   * Resolves when it is there, or known not to be wanted; also when writing it has failed, which is tried again: a mesh without
   * it starts all the same, and its policies say what they do then. And when it is closed.
   */
  readonly ready: Promise<void>;
  close(): void;
}

/**
 * The mesh's rate limit service: there as long as a policy of scope MESH asks the mesh's own, or as its Mesh says. A Workload
 * like any other, so that it has an identity, mTLS, probes and restarts.
 *
 * @param program how `tulle` itself is started
 */
export function keepRateLimitService(
  client: ApiClient,
  options: {
    readonly mesh: string;
    readonly program: readonly string[];
    readonly onError: (error: unknown) => void;
  },
): KeptService {
  const { mesh, program, onError } = options;
  const { promise: ready, resolve: becomeReady } = Promise.withResolvers<void>();
  let busy = false;
  let touchedMeanwhile = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const touch = (): void => {
    touchedMeanwhile = true;
    if (!busy) void work();
  };
  const follow = (kind: ResourceKind, of?: string) =>
    startInformer(client, kind, touch, of === undefined ? {} : { namespace: of });
  const policies = follow(rateLimitPolicy);
  const meshes = follow(meshKind);
  const services = follow(service, namespace);
  const workloads = follow(workload, namespace);
  const informers = [policies, meshes, services, workloads];

  async function work(): Promise<void> {
    busy = true;
    while (touchedMeanwhile && !closed && informers.every(({ synced }) => synced)) {
      touchedMeanwhile = false;
      clearTimeout(timer);
      try {
        await reconcile();
      } catch (error) {
        if (closed) break;
        onError(error);
        timer = setTimeout(touch, retryMs);
      }
      becomeReady();
    }
    busy = false;
  }

  async function reconcile(): Promise<void> {
    const key = `${namespace}/${name}`;
    const spec = meshes.items.get(`/${mesh}`)?.spec as MeshSpec | undefined;
    const there = services.items.get(key);
    const isOthers = there !== undefined && !isOurs(there);
    if (!isOthers && isWanted(spec, policies.items.values())) {
      await applyAll(client, resources(program, spec?.rateLimitService?.redis), {
        policy: (_, current) => (isOurs(current) ? 'apply' : { keep: 'somebody else has applied it' }),
      });
      return;
    }
    if (isOurs(workloads.items.get(key))) await remove(client, workload);
    if (isOurs(there)) await remove(client, service);
  }

  return {
    ready,
    close() {
      closed = true;
      clearTimeout(timer);
      for (const informer of informers) informer.close();
      becomeReady();
    },
  };
}

function isWanted(spec: MeshSpec | undefined, policies: Iterable<Resource>): boolean {
  return spec?.rateLimitService?.enabled ?? [...policies].some(asksTheMesh);
}

/** Resources with the Service that `tulle up` would bring in for them: what is previewed counts on it. */
export function withRateLimitService(all: readonly Resource[]): readonly Resource[] {
  const spec = all.find(({ kind }) => kind === 'Mesh')?.spec as MeshSpec | undefined;
  const isThere = all.some(
    ({ kind, metadata }) => kind === 'Service' && metadata.name === name && metadata.namespace === namespace,
  );
  const policies = all.filter(({ kind }) => kind === 'RateLimitPolicy');
  if (isThere || !isWanted(spec, policies)) return all;
  const [made] = resources([], undefined);
  return made === undefined ? all : [...all, made.resource];
}

function asksTheMesh({ spec }: Resource): boolean {
  const { scope, service: asked } = spec as RateLimitPolicySpec;
  return scope === 'MESH' && asked?.host === undefined;
}

function resources(program: readonly string[], redis: string | undefined): Applicable[] {
  const metadata = { name, namespace };
  const labels = { app: name };
  const options = { defaultNamespace: namespace, labels: label };
  const ports = [{ name: 'grpc', port }];
  const made = [
    [service, { selector: labels, ports }],
    [
      workload,
      {
        command: [...program, 'rate-limit-service'],
        workingDirectory: '/',
        labels,
        ports,
        upstreams: [],
        ...(redis !== undefined && { env: { REDIS_URL: redis } }),
      },
    ],
  ] as const;
  return made.map(([kind, spec]) => {
    return makeApplicable({ apiVersion: apiVersionOf(kind), kind: kind.kind, metadata, spec }, kind, options);
  });
}

async function remove(client: ApiClient, kind: ResourceKind): Promise<void> {
  await client.delete(kind, namespace, name).catch((error: unknown) => {
    if (!isApiError(error, 404)) throw error;
  });
}

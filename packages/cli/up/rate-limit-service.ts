import { service } from '@tulle/resources/core/service';
import type { Resource } from '@tulle/resources/kind';
import type { RateLimitPolicySpec } from '@tulle/resources/tulle/limits/rate-limit-policy';
import type { Mesh } from '@tulle/resources/tulle/mesh';
import { workload } from '@tulle/resources/tulle/workload';
import { type Applicable, makeApplicable } from '../apply/applicable.ts';

/** Where policies ask, unless they say another. */
const name = 'rate-limit';
const namespace = 'tulle-system';
const port = 8081;

/**
 * The rate limit service of a mesh file: when its Mesh asks for one, or one of its policies has scope MESH and the file
 * brings no service for it. A Workload like any other, so that it has an identity, mTLS, probes and restarts.
 *
 * @param program how `tulle` itself is started
 */
export function rateLimitService(
  mesh: Mesh,
  items: readonly Applicable[],
  program: readonly string[],
  options: Parameters<typeof makeApplicable>[2],
): Applicable[] {
  const { enabled, redis } = mesh.spec?.rateLimitService ?? {};
  const wanted = enabled ?? items.some(({ resource }) => needsService(resource));
  const own = (item: Applicable): boolean =>
    item.kind.kind === 'Service' && item.name === name && item.namespace === namespace;
  if (!wanted || items.some(own)) return [];
  const app = name;
  const metadata = { name, namespace };
  const labels = { app };
  return [
    makeApplicable(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata,
        spec: { selector: labels, ports: [{ name: 'grpc', port }] },
      },
      service,
      options,
    ),
    makeApplicable(
      {
        apiVersion: 'tulle.dev/v1alpha1',
        kind: 'Workload',
        metadata,
        spec: {
          command: [...program, 'rate-limit-service'],
          labels,
          ports: [{ name: 'grpc', port }],
          upstreams: [],
          ...(redis !== undefined && { env: { REDIS_URL: redis } }),
        },
      },
      workload,
      options,
    ),
  ];
}

function needsService({ kind, spec }: Resource): boolean {
  if (kind !== 'RateLimitPolicy') return false;
  const { scope, service: asked } = spec as RateLimitPolicySpec;
  return scope === 'MESH' && asked?.host === undefined;
}

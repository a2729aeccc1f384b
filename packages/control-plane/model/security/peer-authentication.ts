import type { Resource } from '@tulle/resources/kind';
import type { Origin } from '@tulle/xds/resource';
import type { MtlsMode, MtlsSpec, PeerAuthenticationSpec } from '../istio.ts';
import { at, bySeniority, originOf, rootNamespaces, type Seniority, seniorityOf } from '../origin.ts';
import { selects } from '../selector.ts';

interface Policy extends Seniority {
  readonly spec: PeerAuthenticationSpec;
  readonly selector: Readonly<Record<string, string>> | undefined;
  readonly origin: Origin;
}

/** A workload port's mode and the policy that decided it; none: the Mesh's own. */
export interface MtlsDecision {
  readonly mode: MtlsMode;
  readonly origin: Origin | undefined;
}

export interface PeerAuthenticationIndex {
  /** Istio's precedence: the port, the workload, its namespace, the mesh; the oldest of a level. */
  decide(namespace: string, labels: Readonly<Record<string, string>>, port: number): MtlsDecision;
}

/**
 * Istio’s precedence: port, workload, namespace, mesh; the oldest of equals. @param mesh of ports that nobody speaks
 * of
 */
export function indexPeerAuthentications(
  resources: readonly Resource[],
  mesh: MtlsMode,
): PeerAuthenticationIndex {
  const policies = resources
    .map((resource): Policy => {
      const spec = (resource.spec ?? {}) as PeerAuthenticationSpec;
      const labels = spec.selector?.matchLabels ?? {};
      const selector = Object.keys(labels).length === 0 ? undefined : labels;
      return { ...seniorityOf(resource.metadata), spec, selector, origin: originOf(resource) };
    })
    .toSorted(bySeniority);
  const byNamespace = Map.groupBy(policies, (policy) => policy.namespace);

  return {
    decide: (namespace, labels, port) => {
      const local = byNamespace.get(namespace) ?? [];
      const workload = local.find(
        (policy) => policy.selector !== undefined && selects(policy.selector, labels),
      );
      const wide = local.find((policy) => policy.selector === undefined);
      const root = rootNamespaces
        .flatMap((of) => byNamespace.get(of) ?? [])
        .find((policy) => policy.selector === undefined);
      return (
        decision(workload, workload?.spec.portLevelMtls?.[String(port)], `spec.portLevelMtls.${port}`) ??
        decision(workload, workload?.spec.mtls) ??
        decision(wide, wide?.spec.mtls) ??
        decision(root, root?.spec.mtls) ?? { mode: mesh, origin: undefined }
      );
    },
  };
}

function decision(
  policy: Policy | undefined,
  mtls: MtlsSpec | null | undefined,
  path = 'spec.mtls',
): MtlsDecision | undefined {
  const mode = mtls?.mode ?? 'UNSET';
  if (policy === undefined || mode === 'UNSET') return undefined;
  return { mode, origin: at(policy.origin, path) };
}

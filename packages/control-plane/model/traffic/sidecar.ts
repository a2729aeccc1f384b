import type { Resource } from '@tulle/resources/kind';
import type { Problem } from '@tulle/resources/problem';
import type { Origin } from '@tulle/xds/resource';
import type {
  ConnectionPool,
  EgressListenerSpec,
  IngressListenerSpec,
  OutboundTrafficPolicy,
  SidecarSpec,
} from '../istio.ts';
import {
  at,
  bySeniority,
  originOf,
  resourceKey,
  rootNamespaces,
  type Seniority,
  seniorityOf,
} from '../origin.ts';
import { selects } from '../selector.ts';
import { type Imports, importsOf } from './imports.ts';

type Labels = Readonly<Record<string, string>>;

interface Written extends Seniority {
  readonly spec: SidecarSpec;
  readonly selector: Labels | undefined;
  readonly origin: Origin;
}

/** One listener of a Sidecar with where it is written. */
export interface Listed<Spec> {
  readonly spec: Spec;
  readonly origin: Origin;
}
export interface Egress extends Listed<EgressListenerSpec> {
  readonly imports: Imports;
}

/** What the Sidecars say for one workload. */
export interface SidecarDecision {
  /** Tells the decisions for the workloads of a namespace apart. */
  readonly key: string;
  /** Undefined: no Sidecar says what may be called. The one without a port, if any, is the last. */
  readonly egress: readonly Egress[] | undefined;
  /** Undefined: the workload's own ports. */
  readonly ingress: readonly Listed<IngressListenerSpec>[] | undefined;
  readonly inboundConnectionPool: ConnectionPool | undefined;
  /** Undefined: the mesh's. */
  readonly outbound: Listed<OutboundTrafficPolicy> | undefined;
}

export interface SidecarIndex {
  /**
   * Istio's precedence: the one that selects the workload, then its namespace's, then that of the root namespace.
   * What the first does not say of egress, the next does. Undefined: there is none. The same object for the same
   * answer.
   */
  decide(namespace: string, labels: Labels): SidecarDecision | undefined;
}

/** Of several that hold for the same workloads the oldest counts, where Istio leaves it open. */
export function indexSidecars(
  resources: readonly Resource[],
  report: (origin: Origin, problem: Problem) => void,
): SidecarIndex {
  const written = resources
    .map((resource): Written => {
      const spec = (resource.spec ?? {}) as SidecarSpec;
      const labels = spec.workloadSelector?.labels ?? {};
      const selector = Object.keys(labels).length === 0 ? undefined : labels;
      return { ...seniorityOf(resource.metadata), spec, selector, origin: originOf(resource) };
    })
    .toSorted(bySeniority);
  const byNamespace = Map.groupBy(written, (sidecar) => sidecar.namespace);
  const wideOf = (namespace: string): Written | undefined =>
    byNamespace.get(namespace)?.find(({ selector }) => selector === undefined);
  for (const sidecar of written) {
    const first = sidecar.selector === undefined ? wideOf(sidecar.namespace) : sidecar;
    if (first !== undefined && first !== sidecar)
      report(sidecar.origin, {
        severity: 'warning',
        code: 'conflict',
        path: 'spec.workloadSelector',
        message: `the older Sidecar ${first.name} holds for the whole namespace: this one has no effect`,
      });
  }
  const decisions = new Map<string, SidecarDecision>();

  return {
    decide(namespace, labels) {
      const own = byNamespace
        .get(namespace)
        ?.find(({ selector }) => selector !== undefined && selects(selector, labels));
      const wide = [...new Set([namespace, ...rootNamespaces])].map(wideOf);
      const chain = [own, ...wide].filter((one) => one !== undefined);
      const [first] = chain;
      if (first === undefined) return undefined;
      const key = `${namespace} ${chain.map(({ origin }) => resourceKey(origin)).join()}`;
      const known = decisions.get(key);
      if (known !== undefined) return known;
      const decision = decisionOf(chain, first, namespace);
      decisions.set(key, decision);
      return decision;
    },
  };
}

function decisionOf(chain: readonly Written[], first: Written, namespace: string): SidecarDecision {
  const key = chain.map(({ origin }) => resourceKey(origin)).join();
  const calls = chain.find(({ spec }) => spec.egress?.length);
  const policy = chain.find(({ spec }) => spec.outboundTrafficPolicy !== undefined);
  return {
    key,
    egress: calls?.spec.egress?.map((spec, index) => {
      const imports = importsOf(spec.hosts, namespace, `${key}[${index}]`);
      return { spec, origin: at(calls.origin, `spec.egress[${index}]`), imports };
    }),
    ingress: first.spec.ingress?.length
      ? first.spec.ingress.map((spec, index) => ({
          spec,
          origin: at(first.origin, `spec.ingress[${index}]`),
        }))
      : undefined,
    inboundConnectionPool: first.spec.inboundConnectionPool,
    outbound: policy?.spec.outboundTrafficPolicy && {
      spec: policy.spec.outboundTrafficPolicy,
      origin: at(policy.origin, 'spec.outboundTrafficPolicy'),
    },
  };
}

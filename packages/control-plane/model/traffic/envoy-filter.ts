import type { ConfigPatch, EnvoyFilterSpec } from '@tulle/resources/istio/envoy-filter/kind';
import type { Resource } from '@tulle/resources/kind';
import type { Problem } from '@tulle/resources/problem';
import type { Origin } from '@tulle/xds/resource';
import { bySeniority, originOf, rootNamespaces, type Seniority, seniorityOf } from '../origin.ts';
import { selects } from '../selector.ts';
import { gatewayTargets } from './gateway-targets.ts';

type Labels = Readonly<Record<string, string>>;

/** One EnvoyFilter. */
export interface EnvoyFilter extends Seniority {
  readonly origin: Origin;
  readonly priority: number;
  readonly patches: readonly ConfigPatch[];
  /** Whether it selects a workload of its namespace. */
  readonly selects: (labels: Labels) => boolean;
}

export interface EnvoyFilterIndex {
  readonly all: readonly EnvoyFilter[];
  /**
   * Those for a workload, in the order in which they are applied: the root namespace's, then its own; of each by
   * priority, age and name (Istio, EnvoyFilter.priority). Undefined: none. The same list for the same answer.
   */
  ofWorkload(namespace: string, labels: Labels): readonly EnvoyFilter[] | undefined;
}

/** EnvoyFilters by the workloads that they select. @param report what is wrong with one */
export function indexEnvoyFilters(
  resources: readonly Resource[],
  report: (origin: Origin, problem: Problem) => void,
): EnvoyFilterIndex {
  const all = resources
    .map((resource) => {
      const known = made.get(resource) ?? envoyFilter(resource);
      made.set(resource, known);
      for (const problem of known.problems) report(known.filter.origin, problem);
      return known.filter;
    })
    .toSorted((a, b) => a.priority - b.priority || bySeniority(a, b));
  const byNamespace = Map.groupBy(all, (filter) => filter.namespace);
  return {
    all,
    ofWorkload(namespace, labels) {
      if (all.length === 0) return undefined;
      const namespaces = new Set([...rootNamespaces, namespace]);
      return same(
        [...namespaces]
          .flatMap((one) => byNamespace.get(one) ?? [])
          .filter((filter) => filter.selects(labels)),
      );
    },
  };
}

interface Made {
  readonly filter: EnvoyFilter;
  readonly problems: readonly Problem[];
}

/** What a resource says stays the same object while others change: compile's caches hang on it. */
const made = new WeakMap<Resource, Made>();
/** Lists by the first of their filters. */
const lists = new WeakMap<EnvoyFilter, (readonly EnvoyFilter[])[]>();

/** The list of these filters that was given before, if any; undefined for none. */
function same(found: readonly EnvoyFilter[]): readonly EnvoyFilter[] | undefined {
  const [first] = found;
  if (first === undefined) return undefined;
  const known = lists.get(first) ?? [];
  lists.set(first, known);
  const equal = known.find(
    (list) => list.length === found.length && list.every((one, i) => one === found[i]),
  );
  if (equal === undefined) known.push(found);
  return equal ?? found;
}

function envoyFilter(resource: Resource): Made {
  const {
    workloadSelector,
    targetRefs,
    configPatches = [],
    priority = 0,
  } = (resource.spec ?? {}) as EnvoyFilterSpec;
  const targets = targetRefs && gatewayTargets(targetRefs);
  const filter: EnvoyFilter = {
    ...seniorityOf(resource.metadata),
    origin: originOf(resource),
    priority,
    patches: configPatches,
    selects: targets?.selects ?? ((labels) => selects(workloadSelector?.labels ?? {}, labels)),
  };
  return { filter, problems: targets?.problems ?? [] };
}

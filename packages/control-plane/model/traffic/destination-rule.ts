import type { Resource } from '@tulle/resources/kind';
import type { Origin } from '@tulle/xds/resource';
import type { DestinationRuleSpec, SubsetSpec, TrafficPolicySpec } from '../istio.ts';
import { bySeniority, originOf, rootNamespaces, type Seniority, seniorityOf } from '../origin.ts';
import { selects } from '../selector.ts';
import { bySpecificity, hostCovers, isExportedTo, resolveHost } from '../services/host.ts';
import type { Service } from '../services/service.ts';
import { labelsOfPolicy } from './locality.ts';

/** What the DestinationRules of one namespace say about one host, merged. */
export interface DestinationRule {
  readonly host: string;
  readonly namespace: string;
  readonly trafficPolicy: TrafficPolicySpec | undefined;
  readonly subsets: ReadonlyMap<string, { readonly spec: SubsetSpec; readonly origin: Origin }>;
  /** Every rule that has a part in it, the oldest first. */
  readonly origins: readonly Origin[];
}

interface WrittenRule extends Seniority {
  readonly spec: DestinationRuleSpec;
  readonly host: string;
  readonly origin: Origin;
  readonly selector: Readonly<Record<string, string>> | undefined;
}

export interface DestinationRuleIndex {
  /**
   * The rule that holds when a workload of `client` calls `service`: of the client's namespace, else the
   * service's, else the root namespace, as far as exported; the most specific host. One with a matching
   * workloadSelector comes before those without.
   */
  lookup(
    service: Service,
    client: string,
    labels: Readonly<Record<string, string>>,
  ): DestinationRule | undefined;
  /** Whether any rule, wherever it is visible, declares the subset for the host. */
  declaresSubset(host: string, subset: string): boolean;
  /** Names of the labels of a proxy, its topology's among them, that its clusters may depend on. */
  readonly clientLabels: ReadonlySet<string>;
}

/** Rules by host, merged as Istio merges them. @param exportTo of rules that do not say to whom they are visible */
export function indexDestinationRules(
  resources: readonly Resource[],
  isKnown: (host: string) => boolean,
  exportTo: readonly string[] = [],
): DestinationRuleIndex {
  const written = resources.map((resource): WrittenRule => {
    const spec = resource.spec as DestinationRuleSpec;
    const seniority = seniorityOf(resource.metadata);
    const host = resolveHost(spec.host, seniority.namespace, isKnown);
    return {
      ...seniority,
      spec,
      host,
      origin: originOf(resource),
      selector: spec.workloadSelector?.matchLabels,
    };
  });
  written.sort(bySeniority);
  const byNamespace = Map.groupBy(written, (rule) => rule.namespace);
  const merged = new Map<string, DestinationRule>();

  const mergeOf = (rules: readonly WrittenRule[]): DestinationRule => {
    const key = rules.map((rule) => `${rule.namespace}/${rule.name}`).join();
    const known = merged.get(key);
    if (known !== undefined) return known;
    const rule = merge(rules);
    merged.set(key, rule);
    return rule;
  };

  const within = (
    namespace: string,
    host: string,
    client: string,
    labels: Readonly<Record<string, string>>,
  ): DestinationRule | undefined => {
    const rules = (byNamespace.get(namespace) ?? []).filter(
      (rule) =>
        hostCovers(rule.host, host) &&
        isExportedTo(rule.spec.exportTo?.length ? rule.spec.exportTo : exportTo, namespace, client),
    );
    const own = rules.filter(
      (rule) => rule.selector !== undefined && namespace === client && selects(rule.selector, labels),
    );
    const candidates = own.length > 0 ? own : rules.filter((rule) => rule.selector === undefined);
    const best = candidates.map((rule) => rule.host).toSorted(bySpecificity)[0];
    return best === undefined ? undefined : mergeOf(candidates.filter((rule) => rule.host === best));
  };

  return {
    lookup: (service, client, labels) => {
      for (const namespace of new Set([client, service.namespace, ...rootNamespaces])) {
        const rule = within(namespace, service.host, client, labels);
        if (rule !== undefined) return rule;
      }
      return undefined;
    },
    declaresSubset: (host, subset) =>
      written.some(
        (rule) => hostCovers(rule.host, host) && rule.spec.subsets?.some(({ name }) => name === subset),
      ),
    clientLabels: new Set(
      written.flatMap(({ spec, selector }) => [
        ...Object.keys(selector ?? {}),
        ...[spec, ...(spec.subsets ?? [])].flatMap(({ trafficPolicy }) => labelsOfPolicy(trafficPolicy)),
      ]),
    ),
  };
}

/** Istio's merge of rules for one host: the oldest policy wins, subsets add up, the first of a name wins. */
function merge(rules: readonly WrittenRule[]): DestinationRule {
  const oldest = rules[0] as WrittenRule;
  const subsets = new Map<string, { spec: SubsetSpec; origin: Origin }>();
  for (const { spec, origin } of rules) {
    for (const [index, subset] of (spec.subsets ?? []).entries()) {
      if (subsets.has(subset.name)) continue;
      subsets.set(subset.name, { spec: subset, origin: { ...origin, path: `spec.subsets[${index}]` } });
    }
  }
  return {
    host: oldest.host,
    namespace: oldest.namespace,
    trafficPolicy: rules.find((rule) => rule.spec.trafficPolicy !== undefined)?.spec.trafficPolicy,
    subsets,
    origins: rules.map((rule) => rule.origin),
  };
}

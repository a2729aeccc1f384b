import type { Resource } from '@tulle/resources/kind';
import type { Problem } from '@tulle/resources/problem';
import type { BandwidthLimitSpec } from '@tulle/resources/tulle/limits/bandwidth-limit';
import type { ConcurrencyLimitSpec } from '@tulle/resources/tulle/limits/concurrency-limit';
import type { RateLimitPolicySpec } from '@tulle/resources/tulle/limits/rate-limit-policy';
import type { Origin } from '@tulle/xds/resource';
import {
  bySeniority,
  compare,
  originOf,
  resourceKey,
  rootNamespaces,
  type Seniority,
  seniorityOf,
} from '../origin.ts';
import { selects } from '../selector.ts';
import type { Gateway } from './gateway.ts';
import type { VirtualService } from './virtual-service.ts';

type Labels = Readonly<Record<string, string>>;

/** The fields that all limit kinds share. */
interface TargetSpec {
  readonly selector?: { readonly matchLabels?: Labels };
  readonly targetRefs?: readonly {
    readonly kind: 'Gateway' | 'VirtualService';
    readonly name: string;
    readonly sectionName?: string;
  }[];
  readonly direction?: 'INBOUND' | 'OUTBOUND';
}

/** A Gateway, or the HTTP routes of a VirtualService. */
export interface LimitTarget {
  /** `Gateway/namespace/name`: as `resourceKey`. */
  readonly key: string;
  /** Name of the one route; undefined: all. */
  readonly route: string | undefined;
}

/** A limit of any kind. */
export interface LimitPolicy<Spec = unknown> extends Seniority {
  readonly spec: Spec;
  readonly origin: Origin;
  readonly selector: Labels;
  readonly direction: 'INBOUND' | 'OUTBOUND';
  /** None: it holds for workloads. */
  readonly targets: readonly LimitTarget[];
}

/** The limits of one kind. */
export interface LimitIndex<Spec> {
  /** What holds for a workload, the oldest first. */
  ofWorkload(
    namespace: string,
    labels: Labels,
    direction: 'INBOUND' | 'OUTBOUND',
  ): readonly LimitPolicy<Spec>[];
  /** Those with targets, the oldest first. */
  readonly ofRoutes: readonly LimitPolicy<Spec>[];
  /** Labels that outbound limits select by. */
  readonly outboundLabels: readonly string[];
}

export interface Limits {
  readonly rate: LimitIndex<RateLimitPolicySpec>;
  readonly bandwidth: LimitIndex<BandwidthLimitSpec>;
  readonly concurrency: LimitIndex<ConcurrencyLimitSpec>;
}

export function indexLimits(of: (kind: string) => readonly Resource[]): Limits {
  return {
    rate: index(of('RateLimitPolicy')),
    bandwidth: index(of('BandwidthLimit')),
    concurrency: index(of('ConcurrencyLimit')),
  };
}

/** Targets that are not there. */
export function checkLimits(
  limits: Limits,
  known: {
    readonly gateways: ReadonlyMap<string, Gateway>;
    readonly virtualServices: readonly VirtualService[];
  },
  report: (origin: Origin, problem: Problem) => void,
): void {
  const routes = new Map<string, Set<string | undefined>>();
  for (const { http } of known.virtualServices)
    for (const { spec, origins } of http)
      for (const origin of origins) {
        const key = resourceKey(origin);
        routes.set(key, (routes.get(key) ?? new Set()).add(spec.name));
      }
  const problemOf = ({ key, route }: LimitTarget): Pick<Problem, 'code' | 'message'> | undefined => {
    const [kind = '', ...name] = key.split('/');
    const full = name.join('/');
    if (kind === 'Gateway')
      return known.gateways.has(full)
        ? undefined
        : { code: 'unknown-gateway', message: `no Gateway ${full}` };
    const names = routes.get(key);
    if (names === undefined)
      return { code: 'unknown-target', message: `no VirtualService ${full} with HTTP routes` };
    return route === undefined || names.has(route)
      ? undefined
      : { code: 'unknown-target', message: `VirtualService ${full} has no HTTP route named ${route}` };
  };
  for (const { origin, targets } of Object.values(limits).flatMap((of) => of.ofRoutes))
    for (const [index, target] of targets.entries()) {
      const problem = problemOf(target);
      if (problem !== undefined)
        report(origin, { severity: 'warning', path: `spec.targetRefs[${index}]`, ...problem });
    }
}

function index<Spec extends TargetSpec>(resources: readonly Resource[]): LimitIndex<Spec> {
  const policies = resources.map((resource) => policyOf<Spec>(resource)).toSorted(bySeniority);
  const ofWorkloads = policies.filter(({ targets }) => targets.length === 0);
  const outbound = ofWorkloads.filter(({ direction }) => direction === 'OUTBOUND');
  return {
    ofWorkload: (namespace, labels, direction) =>
      ofWorkloads.filter(
        (policy) =>
          policy.direction === direction &&
          (policy.namespace === namespace || rootNamespaces.includes(policy.namespace)) &&
          selects(policy.selector, labels),
      ),
    ofRoutes: policies.filter(({ targets }) => targets.length > 0),
    outboundLabels: [...new Set(outbound.flatMap(({ selector }) => Object.keys(selector)))].toSorted(compare),
  };
}

function policyOf<Spec extends TargetSpec>(resource: Resource): LimitPolicy<Spec> {
  const spec = resource.spec as Spec;
  const seniority = seniorityOf(resource.metadata);
  return {
    ...seniority,
    spec,
    origin: originOf(resource),
    selector: spec.selector?.matchLabels ?? {},
    direction: spec.direction ?? 'INBOUND',
    targets: (spec.targetRefs ?? []).map(({ kind, name, sectionName }) => ({
      key: `${kind}/${seniority.namespace}/${name}`,
      route: sectionName,
    })),
  };
}

import type { Resource } from '@tulle/resources/kind';
import type { Problem } from '@tulle/resources/problem';
import type { HealthCheckPolicySpec } from '@tulle/resources/tulle/health-check-policy';
import type { Origin } from '@tulle/xds/resource';
import { bySeniority, originOf, rootNamespaces, type Seniority, seniorityOf } from '../origin.ts';
import { unknownHost, unknownPort, unknownSubset } from '../problems.ts';
import { bySpecificity, hostCovers, resolveHost } from '../services/host.ts';
import { findPort, isForwarded, type Service, type ServiceIndex } from '../services/service.ts';
import type { DestinationRuleIndex } from './destination-rule.ts';

/** A HealthCheckPolicy with its host in full. */
export interface HealthCheckPolicy extends Seniority {
  readonly host: string;
  readonly spec: HealthCheckPolicySpec;
  readonly origin: Origin;
}

export interface HealthCheckIndex {
  /** The oldest first. */
  readonly all: readonly HealthCheckPolicy[];
  /**
   * The policy that holds when a workload of `client` calls a port of `service`, by its subset: of the client's
   * namespace, else the service's, else the root namespace. In one namespace the most specific host, then one for
   * the subset, then one for the port, then the oldest.
   */
  lookup(service: Service, client: string, port: number, subset: string): HealthCheckPolicy | undefined;
}

/** Of the policies for a place the most specific: by host, subset, port; then the oldest. @param isKnown whether a host is a service’s */
export function indexHealthChecks(
  resources: readonly Resource[],
  isKnown: (host: string) => boolean,
): HealthCheckIndex {
  const all = resources
    .map((resource): HealthCheckPolicy => {
      const spec = resource.spec as HealthCheckPolicySpec;
      const seniority = seniorityOf(resource.metadata);
      const host = resolveHost(spec.host, seniority.namespace, isKnown);
      return { ...seniority, host, spec, origin: originOf(resource) };
    })
    .toSorted(bySeniority);
  const byNamespace = Map.groupBy(all, ({ namespace }) => namespace);
  const byPlace = (a: HealthCheckPolicy, b: HealthCheckPolicy): number =>
    bySpecificity(a.host, b.host) ||
    Number(b.spec.subset !== undefined) - Number(a.spec.subset !== undefined) ||
    Number(b.spec.port !== undefined) - Number(a.spec.port !== undefined);
  return {
    all,
    lookup(service, client, port, subset) {
      for (const namespace of new Set([client, service.namespace, ...rootNamespaces])) {
        const [best] = (byNamespace.get(namespace) ?? [])
          .filter(
            ({ host, spec }) =>
              hostCovers(host, service.host) &&
              (spec.port === undefined || spec.port.number === port) &&
              (spec.subset === undefined || spec.subset === subset),
          )
          .toSorted(byPlace);
        if (best !== undefined) return best;
      }
      return undefined;
    },
  };
}

/** Policies that lead nowhere. */
export function checkHealthChecks(
  { all }: HealthCheckIndex,
  services: ServiceIndex,
  rules: DestinationRuleIndex,
  report: (origin: Origin, problem: Problem) => void,
): void {
  for (const { host, namespace, spec, origin } of all) {
    if (host.includes('*')) continue;
    const warn = (path: string, problem: Pick<Problem, 'code' | 'message'>): void =>
      report(origin, { severity: 'warning', path, ...problem });
    const service = services.visible(host, namespace);
    if (service === undefined) {
      warn('spec.host', unknownHost(host));
      continue;
    }
    if (spec.port !== undefined && findPort(service, spec.port.number) === undefined)
      warn('spec.port.number', unknownPort(service, spec.port.number));
    if (spec.subset !== undefined && !rules.declaresSubset(host, spec.subset))
      warn('spec.subset', unknownSubset(host, spec.subset));
    if (isForwarded(service))
      warn('spec.host', {
        code: 'no-endpoints',
        message: `${host} is reached at whatever address its callers name: there are no endpoints to check`,
      });
  }
}

import type { ProxyConfig } from '@tulle/resources/istio/proxy-config';
import type { Condition, Resource } from '@tulle/resources/kind';
import type { Problem } from '@tulle/resources/problem';
import type { RateLimitPolicy } from '@tulle/resources/tulle/limits/rate-limit-policy';
import { validateResource } from '@tulle/resources/validate';
import type { Clock } from '@tulle/xds/clock';
import type { Finding as Found } from '../analyze/message.ts';
import type { ServedKinds } from '../api/served-kinds.ts';
import { ApiError } from '../api/status-error.ts';
import { keyOf, type Resources } from '../api/writer/resources.ts';
import { healthCondition } from '../discovery/universal/group-entries.ts';
import type { Failures } from '../fetched/start-fetched.ts';
import { gatewaysCondition } from '../gateway-names/condition.ts';
import { keysCondition } from '../issuer-keys/condition.ts';
import type { WorkloadInstance } from '../model/instances/instance.ts';
import { find } from '../model/instances/instance-list.ts';
import type { Model } from '../model/model.ts';
import { originOf, resourceKey } from '../model/origin.ts';
import { Analysis, withValidationMessages } from './analysis.ts';
import { conditionedKinds } from './conditioned-kinds.ts';
import { analyzedCondition, type Finding } from './conditions.ts';
import { enforcedCondition } from './enforced.ts';
import type { ProgressBook } from './progress.ts';
import { atStartCondition } from './proxy-config-status.ts';
import { serviceEntryStatus } from './service-entry-status.ts';
import { createStatusWriter, type StatusWriter } from './status-writer.ts';
import { tally } from './tally.ts';
import { countInstances, type WorkloadCount, workloadStatus } from './workload-status.ts';

/** Connects the status writer with what it looks at and where it writes. */
export function startStatus(options: {
  readonly resources: () => Iterable<Resource>;
  readonly instances: () => readonly WorkloadInstance[];
  readonly model: () => Model;
  /** What model and compile found, by `resourceKey`. */
  readonly problems: (key: string) => readonly Problem[];
  readonly failures: Failures;
  readonly progress: ProgressBook;
  readonly writer: Resources;
  readonly kinds: ServedKinds;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}): StatusWriter {
  const { writer, kinds, clock, onError } = options;
  const warnings = new WarningCache();
  const analysis = new Analysis(() => clock.now());
  let counted: { of: readonly WorkloadInstance[]; counts: ReadonlyMap<string, WorkloadCount> } | undefined;
  const workloadCounts = () => {
    const instances = options.instances();
    if (counted?.of !== instances) counted = { of: instances, counts: countInstances(instances) };
    return counted.counts;
  };

  const ownConditions = (resource: Resource): Finding | undefined | readonly (Finding | undefined)[] => {
    const { failures, instances, model } = options;
    switch (resource.kind) {
      case 'Mesh':
        return [
          gatewaysCondition(resource, model().networks, failures.name),
          analyzedOnly(resource, analysis.of(resourceKey(originOf(resource)))),
        ];
      case 'ProxyConfig':
        return atStartCondition(resource as ProxyConfig, instances());
      case 'RateLimitPolicy':
        return enforcedCondition(resource as RateLimitPolicy, model());
      case 'RequestAuthentication':
        return keysCondition(resource, model().config, failures.key);
      case 'WorkloadEntry': {
        const { namespace = '', name } = resource.metadata;
        return healthCondition(resource, find(model().instances.all, { namespace, name }));
      }
      default:
        return undefined;
    }
  };

  return createStatusWriter({
    sources: {
      resources: options.resources,
      conditioned: conditionedKinds,
      counts: (breather) => tally(options.progress.values(), breather),
      analyze: (breather) => analysis.update(options.model(), breather),
      findings: (key) => analysis.of(key),
      conditions: (resource) => [ownConditions(resource)].flat().filter((one) => one !== undefined),
      problems: (key, resource) => [...options.problems(key), ...warnings.of(key, resource)],
      derive(resource, written) {
        const status = isIstio(resource)
          ? withValidationMessages(written, analysis.of(resourceKey(originOf(resource))))
          : written;
        switch (resource.kind) {
          case 'Workload':
          case 'WorkloadGroup':
            return workloadStatus(resource, status, workloadCounts());
          case 'ServiceEntry':
            return serviceEntryStatus(resource, status, options.model().config);
          default:
            return status;
        }
      },
    },
    async write(resource, change) {
      const kind = kinds.of(resource);
      if (kind === undefined) return;
      try {
        await writer.patchStatus(keyOf(kind, resource), change);
      } catch (error) {
        if (!(error instanceof ApiError && error.status.reason === 'NotFound')) throw error;
      }
    },
    clock,
    onError,
  });
}

/** Of a kind that says nothing else: only what is found, or was before. */
function analyzedOnly(resource: Resource, found: readonly Found[]): Finding | undefined {
  const known = resource.status as { readonly conditions?: readonly Condition[] } | undefined;
  if (found.length === 0 && !known?.conditions?.some(({ type }) => type === 'Analyzed')) return undefined;
  return analyzedCondition(found, resource.metadata.generation ?? 0);
}

/** Kinds whose status has `validationMessages`. */
const isIstio = ({ apiVersion }: Resource): boolean => /^(networking|security)\.istio\.io\//.test(apiVersion);

/** What validation warns about (fields without effect), kept per generation: status is looked at often. */
class WarningCache {
  readonly #known = new Map<string, { uid: string; generation: number; warnings: readonly Problem[] }>();

  of(key: string, resource: Resource): readonly Problem[] {
    const { uid = '', generation = 0 } = resource.metadata;
    const known = this.#known.get(key);
    if (known?.uid === uid && known.generation === generation) return known.warnings;
    const warnings = validateResource(resource).problems.filter((problem) => problem.severity === 'warning');
    this.#known.set(key, { uid, generation, warnings });
    return warnings;
  }
}

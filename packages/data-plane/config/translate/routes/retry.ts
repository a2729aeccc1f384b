import { isRetryCondition } from '@tulle/decision/retry';
import type { RetryPolicy } from '@tulle/decision/tables/retry-policy';
import type {
  route_RetryPolicy,
  route_RetryPolicy_RetryHostPredicate,
  route_RetryPolicy_RetryPriority,
} from '@tulle/xds/wire';
import { milliseconds } from '../values/duration.ts';
import { messageName, type Problems, read } from '../values/problems.ts';

const previousPriorities = 'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig';
const previousHosts = 'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate';
/** Envoy's defaults: 25 ms, at most ten times the base. */
const backoffBaseMs = 25;
const backoffFactor = 10;

/** envoy.config.route.v3.RetryPolicy. */
export function translateRetry(policy: route_RetryPolicy, path: string, problems: Problems): RetryPolicy {
  const names = policy.retryOn
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  for (const name of names)
    if (!isRetryCondition(name)) problems.add(`${path}.retry_on`, `"${name}" is not supported`);
  const base = milliseconds(
    policy.retryBackOff?.baseInterval,
    backoffBaseMs,
    `${path}.retry_back_off.base_interval`,
    problems,
  );
  const max = milliseconds(
    policy.retryBackOff?.maxInterval,
    base * backoffFactor,
    `${path}.retry_back_off.max_interval`,
    problems,
  );
  if (max < base) problems.add(`${path}.retry_back_off.max_interval`, 'must not be less than base_interval');
  return {
    retries: policy.numRetries ?? 1,
    on: new Set(names.filter(isRetryCondition)),
    statuses: new Set(policy.retriableStatusCodes),
    perTryTimeoutMs: milliseconds(policy.perTryTimeout, 0, `${path}.per_try_timeout`, problems),
    backoffBaseMs: base,
    backoffMaxMs: max,
    avoidPreviousHosts: policy.retryHostPredicate.some((predicate, i) =>
      isPreviousHosts(predicate, `${path}.retry_host_predicate[${i}]`, problems),
    ),
    hostSelectionAttempts: policy.hostSelectionRetryMaxAttempts || 1,
    ...translatePriority(policy.retryPriority, `${path}.retry_priority`, problems),
  };
}

function translatePriority(
  priority: route_RetryPolicy_RetryPriority | undefined,
  path: string,
  problems: Problems,
): Pick<RetryPolicy, 'priorityUpdateFrequency'> {
  if (priority === undefined) return {};
  const { name, typedConfig } = priority;
  if (typedConfig === undefined || messageName(typedConfig) !== previousPriorities) {
    problems.add(path, `${name} is not supported`);
    return {};
  }
  const config = read(previousPriorities, typedConfig.value, `${path}.typed_config`, problems);
  const frequency = config?.updateFrequency ?? 0;
  if (frequency < 1) problems.add(`${path}.typed_config.update_frequency`, 'must be more than 0');
  return { priorityUpdateFrequency: Math.max(1, frequency) };
}

function isPreviousHosts(
  { name, typedConfig }: route_RetryPolicy_RetryHostPredicate,
  path: string,
  problems: Problems,
): boolean {
  const is =
    typedConfig === undefined
      ? name === 'envoy.retry_host_predicates.previous_hosts'
      : messageName(typedConfig) === previousHosts;
  if (!is) problems.add(path, `${name} is not supported`);
  return is;
}

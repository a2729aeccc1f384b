import type { AdminCluster } from './sources.ts';

type Each = (
  kind: 'counter' | 'gauge',
  name: string,
  help: string,
  value: (cluster: AdminCluster) => number | undefined,
  sameInWorkers?: boolean,
) => void;

/** Active checks, of the clusters that have them. @param each puts a number per cluster into the registry */
export function observeHealthChecks(each: Each): void {
  each('counter', 'health_check_attempt', 'Health checks begun.', ({ health }) => health?.counters.attempts);
  each(
    'counter',
    'health_check_success',
    'Health checks passed.',
    ({ health }) => health?.counters.successes,
  );
  each('counter', 'health_check_failure', 'Health checks failed.', ({ health }) => health?.counters.failures);
  each(
    'counter',
    'health_check_network_failure',
    'Health checks that failed without an answer.',
    ({ health }) => health?.counters.networkFailures,
  );
  each(
    'gauge',
    'health_check_healthy',
    'Endpoints whose checks pass.',
    ({ health, endpoints }) =>
      health === undefined ? undefined : endpoints.filter(({ failedCheck }) => !failedCheck).length,
    true,
  );
}

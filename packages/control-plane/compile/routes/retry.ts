import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RetryPolicySchema } from '@tulle/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { PreviousHostsPredicateSchema } from '@tulle/xds/gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import { PreviousPrioritiesConfigSchema } from '@tulle/xds/gen/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.js';
import type { HttpRetry } from '../../model/istio.ts';
import { duration } from '../messages/duration.ts';
import { extension } from '../messages/extension.ts';
import { any } from '../messages/serialize.ts';

type RetryPolicy = MessageInitShape<typeof RetryPolicySchema>;

/** Istio's default since 1.24, which no longer retries every 503: a request may have had its effect. */
const defaultRetryOn = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';
const defaultAttempts = 2;
/** How often a host is chosen again that was tried before (Istio). */
const hostSelectionAttempts = 5n;

/** Istio: after two attempts other priorities than theirs, which is where other localities are. */
const leavePreviousPriorities = extension(
  'envoy.retry_priorities.previous_priorities',
  any(PreviousPrioritiesConfigSchema, { updateFrequency: 2 }),
);

const avoidPreviousHosts = [
  extension('envoy.retry_host_predicates.previous_hosts', any(PreviousHostsPredicateSchema, {})),
];

/**
 * Envoy's retry policy for `HTTPRoute.retries`; Istio's default when absent, none when `attempts` is 0.
 * @param sticky the destination hashes to one host: other hosts aren't preferred.
 */
export function retryPolicy(spec: HttpRetry | undefined, sticky: boolean): RetryPolicy | undefined {
  const { attempts = spec === undefined ? defaultAttempts : 0 } = spec ?? {};
  if (attempts <= 0) return undefined;
  const { conditions, statuses } = retryOn(spec?.retryOn || defaultRetryOn);
  const avoid = spec?.retryIgnorePreviousHosts ?? !sticky;
  const base = duration(spec?.backoff);
  return {
    numRetries: attempts,
    retryOn: conditions,
    retriableStatusCodes: statuses,
    hostSelectionRetryMaxAttempts: hostSelectionAttempts,
    ...(avoid && { retryHostPredicate: avoidPreviousHosts }),
    ...(spec?.retryRemoteLocalities && { retryPriority: leavePreviousPriorities }),
    ...(spec?.perTryTimeout && { perTryTimeout: duration(spec.perTryTimeout) }),
    ...(base && { retryBackOff: { baseInterval: base } }),
  };
}

/** Requests to the local application that surely did not reach it (a kept-alive connection just closed). */
export const inboundRetryPolicy: RetryPolicy = { retryOn: 'reset-before-request', numRetries: 2 };

/** Splits Istio's `retryOn`: numbers are status codes, which need the condition that reads them. */
function retryOn(text: string): { conditions: string; statuses: number[] } {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const statuses = parts.filter((part) => /^[1-5]\d\d$/.test(part)).map(Number);
  const conditions = parts.filter((part) => !/^[1-5]\d\d$/.test(part));
  const byStatus = 'retriable-status-codes';
  if (statuses.length > 0 && !conditions.includes(byStatus)) conditions.push(byStatus);
  return { conditions: conditions.join(','), statuses };
}

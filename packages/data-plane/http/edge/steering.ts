import type { Headers } from '@tulle/decision/headers';

/** What a proxy says of a client; nobody else may. */
const claims: ReadonlySet<string> = new Set(['x-envoy-external-address', 'x-envoy-internal']);

/** Fields by which a client inside steers Envoy, or learns from it; from outside they are not passed on. */
const steering: ReadonlySet<string> = new Set([
  ...claims,
  'x-envoy-attempt-count',
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-ip-tags',
  'x-envoy-max-retries',
  'x-envoy-original-path',
  'x-envoy-original-url',
  'x-envoy-retriable-header-names',
  'x-envoy-retriable-status-codes',
  'x-envoy-retry-grpc-on',
  'x-envoy-retry-on',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-rq-timeout-ms',
]);

/** Takes away what only proxies say of a client. */
export const dropClaims = (headers: Headers): void => drop(headers, claims);
/** Takes away all that only clients inside may steer by, claims included. */
export const dropSteering = (headers: Headers): void => drop(headers, steering);

function drop(headers: Headers, unwanted: ReadonlySet<string>): void {
  for (let i = headers.size - 1; i >= 0; i--) {
    const name = headers.nameAt(i);
    if (name.startsWith('x-envoy-') && unwanted.has(name)) headers.removeAt(i);
  }
}

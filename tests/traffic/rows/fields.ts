/** Fields that few set, each alone. */
import { destinationRule, docs, resource, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const patchVirtualHost = (proxyVersion: string, value: string): string => `
  - applyTo: VIRTUAL_HOST
    match: { context: SIDECAR_OUTBOUND, proxy: { proxyVersion: '${proxyVersion}' }, routeConfiguration: { vhost: { name: "$host:80" } } }
    patch: { operation: MERGE, value: { request_headers_to_add: [{ header: { key: x-version, value: ${value} } }] } }`;

/** As many requests at a tenth of the load: v1 has ten times the weight of each of the others. */
const loadReports = [
  ['v1', '0.1'],
  ['v2', '1'],
  ['v3', '1'],
].map(([only = '', load]) => ({
  times: 9,
  behave: {
    only,
    fields: { 'endpoint-load-metrics': `TEXT application_utilization=${load},rps_fractional=100` },
  },
  expect: {},
}));

export const fields: readonly Scenario[] = [
  {
    title: 'EnvoyFilter: a patch for a version of Istio holds for proxies that say it',
    doc: 'https://istio.io/latest/docs/reference/config/networking/envoy-filter/#EnvoyFilter-ProxyMatch',
    resources: [
      resource(
        'networking.istio.io/v1alpha3',
        'EnvoyFilter',
        `configPatches:${patchVirtualHost('^1\\.32.*', 'ours')}${patchVirtualHost('^1\\.2[0-9].*', 'older')}`,
      ),
    ],
    steps: [{ expect: { seen: { 'x-version': 'ours' } } }],
  },
  {
    title: 'retry budget: with budgetInterval the requests of that time count, not those under way',
    doc: docs.envoy('api-v3/config/cluster/v3/circuit_breaker.proto'),
    resources: [
      virtualService(
        'http: [{ retries: { attempts: 1, retryOn: 5xx }, route: [{ destination: { host: $host } }] }]',
      ),
      destinationRule(
        'trafficPolicy: { retryBudget: { percent: 20, minRetryConcurrency: 0, budgetInterval: 100s } }',
      ),
    ],
    // Of one request under way 20 % are none; of eleven they are two.
    steps: [
      { behave: { status: 503 }, expect: { status: 503, received: 1 } },
      { times: 10, expect: {} },
      { behave: { status: 503, first: 1 }, expect: { received: 2 } },
    ],
  },
  {
    title: 'balance: backendUtilization sends requests where endpoints report less load',
    doc: docs.envoy('intro/arch_overview/upstream/load_balancing/load_balancers'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer:
            backendUtilization: { weightStabilizationPeriod: 0s, weightUpdatePeriod: 0.2s }
      `),
    ],
    steps: [
      ...loadReports,
      { times: 240, settles: true, expect: { shares: { v1: 10 / 12, v2: 1 / 12, v3: 1 / 12 } } },
    ],
  },
  {
    title: 'balance: backendUtilization weighs anew every weightUpdatePeriod; until the first all are equal',
    doc: docs.envoy(
      'api-v3/extensions/load_balancing_policies/client_side_weighted_round_robin/v3/client_side_weighted_round_robin.proto',
    ),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer:
            backendUtilization: { weightStabilizationPeriod: 0s, weightUpdatePeriod: 3600s }
      `),
    ],
    steps: [
      ...loadReports,
      // Longer than the second after which they would be weighed without it.
      { pauseMs: 2_500, expect: {} },
      { times: 240, expect: { shares: { v1: 1 / 3, v2: 1 / 3, v3: 1 / 3 } } },
    ],
  },
];

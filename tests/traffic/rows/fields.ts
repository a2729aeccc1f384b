/** Fields that few set, each alone. */
import { destinationRule, docs, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

export const fields: readonly Scenario[] = [
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
];

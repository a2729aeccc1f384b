/** DestinationRule: connections and requests under way, in which protocol, and how many are tried again. */
import { destinationRule, docs, outsideApplication, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const http = docs.destinationRule('ConnectionPoolSettings-HTTPSettings');

/** One application outside, of HTTP/1.1 unless `port` says another, with a policy. */
const outside = (policy: string, port?: string): readonly string[] => [
  outsideApplication(port),
  destinationRule(`
    host: $outside
    trafficPolicy: ${policy}
  `),
];

export const pool: readonly Scenario[] = [
  {
    title: 'pool: more requests than http2MaxRequests are refused',
    doc: http,
    resources: [destinationRule('trafficPolicy: { connectionPool: { http: { http2MaxRequests: 2 } } }')],
    steps: [
      {
        times: 6,
        together: 6,
        kind: 'http2',
        url: 'http://$host:81/',
        behave: { delayMs: 800 },
        expect: { status: { 200: 2, 503: 4 }, received: 2 },
      },
    ],
  },
  {
    title: 'pool: maxConnections and http1MaxPendingRequests: one is served, one waits, others are refused',
    doc: docs.task('circuit-breaking'),
    resources: outside(
      '{ connectionPool: { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 1 } } }',
    ),
    steps: [
      { url: 'http://$outside/', expect: {} },
      {
        url: 'http://$outside/',
        times: 5,
        together: 5,
        behave: { delayMs: 500 },
        expect: { status: { 200: 2, 503: 3 }, received: 2 },
      },
    ],
  },
  {
    title: 'pool: maxRequestsPerConnection',
    doc: http,
    resources: outside('{ connectionPool: { http: { maxRequestsPerConnection: 2 } } }'),
    steps: [{ url: 'http://$outside/', times: 6, expect: { connections: 3 } }],
  },
  {
    title: 'pool: connections are kept without a limit',
    doc: http,
    resources: outside('{ loadBalancer: { simple: ROUND_ROBIN } }'),
    steps: [{ url: 'http://$outside/', times: 6, expect: { connections: 1 } }],
  },
  {
    title: 'pool: h2UpgradePolicy UPGRADE asks a port of HTTP in HTTP/2',
    doc: docs.destinationRule('ConnectionPoolSettings-HTTPSettings-H2UpgradePolicy'),
    resources: outside('{ connectionPool: { http: { h2UpgradePolicy: UPGRADE } } }', '$h2c'),
    steps: [{ url: 'http://$outside/', expect: { seen: { ':version': '2.0' } } }],
  },
  {
    title: 'pool: useClientProtocol asks in what the client speaks',
    doc: http,
    resources: outside('{ connectionPool: { http: { useClientProtocol: true } } }', '$h2c'),
    steps: [{ kind: 'http2', url: 'http://$outside/', expect: { seen: { ':version': '2.0' } } }],
  },
  {
    title: 'pool: maxRetries holds over all requests to the service',
    doc: http,
    resources: [
      destinationRule('trafficPolicy: { connectionPool: { http: { maxRetries: 1 } } }'),
      virtualService(`
        http:
        - retries: { attempts: 1, retryOn: 5xx }
          route: [{ destination: { host: $host } }]
      `),
    ],
    // All first attempts fail at about the same time; one of ten may be tried again at a time.
    steps: [
      {
        times: 10,
        together: 10,
        behave: { status: 500, delayMs: 500 },
        expect: { status: 500, received: [11, 13] },
      },
    ],
  },
  {
    title: 'pool: retryBudget: a share of the requests under way, and a least number',
    doc: docs.destinationRule('TrafficPolicy-RetryBudget'),
    resources: [
      destinationRule('trafficPolicy: { retryBudget: { percent: 20, minRetryConcurrency: 1 } }'),
      virtualService(`
        http:
        - retries: { attempts: 3, retryOn: 5xx }
          route: [{ destination: { host: $host } }]
      `),
    ],
    // 20 under way allow 4; those that are tried again allow one more each time: 20 + 4 × 3 at most.
    steps: [
      {
        times: 20,
        together: 20,
        behave: { status: 500, delayMs: 500 },
        expect: { status: 500, received: [21, 32] },
      },
    ],
  },
];

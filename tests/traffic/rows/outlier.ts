/** DestinationRule: who is not asked any more, by its answers or by health checks. */
import { destinationRule, docs, halfDown, resource, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const doc = docs.destinationRule('OutlierDetection');

export const outlier: readonly Scenario[] = [
  {
    title: 'outlier: consecutive5xxErrors eject an instance',
    doc,
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection: { consecutive5xxErrors: 3, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100 }
      `),
    ],
    steps: [
      { times: 9, behave: { only: 'v1', status: 500 }, expect: { status: { 500: 3, 200: 6 } } },
      { times: 10, settles: true, expect: { receivedBy: { v1: 0, v2: 5, v3: 5 } } },
    ],
  },
  {
    title: 'outlier: outlierDetectionHttpErrorCodes count as 5xx do',
    doc,
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection:
            { consecutive5xxErrors: 4, outlierDetectionHttpErrorCodes: [429, 404], interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100 }
      `),
    ],
    steps: [
      { times: 12, behave: { only: 'v3', status: 403 }, expect: { status: { 403: 4, 200: 8 } } },
      { times: 6, behave: { only: 'v1', status: 429 }, expect: { status: { 429: 2, 200: 4 } } },
      { times: 6, behave: { only: 'v1', status: 500 }, expect: { status: { 500: 2, 200: 4 } } },
      { times: 10, settles: true, expect: { receivedBy: { v1: 0, v2: 5, v3: 5 } } },
    ],
  },
  {
    title: 'outlier: consecutiveGatewayErrors count 502, 503 and 504 only',
    doc,
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection:
            { consecutiveGatewayErrors: 2, consecutive5xxErrors: 0, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100 }
      `),
    ],
    steps: [
      { times: 12, behave: { only: 'v2', status: 500 }, expect: { status: { 500: 4, 200: 8 } } },
      { times: 6, behave: { only: 'v2', status: 502 }, expect: { status: { 502: 2, 200: 4 } } },
      { times: 10, settles: true, expect: { receivedBy: { v1: 5, v2: 0, v3: 5 } } },
    ],
  },
  {
    title: 'outlier: a good answer between two errors starts the count again',
    doc,
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { consistentHash: { httpHeaderName: x-user } }
          outlierDetection: { consecutive5xxErrors: 2, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100 }
      `),
    ],
    steps: [
      { headers: { 'x-user': 'a' }, behave: { status: 500 }, expect: { status: 500 } },
      { headers: { 'x-user': 'a' }, expect: {} },
      { headers: { 'x-user': 'a' }, behave: { status: 500 }, expect: { status: 500 } },
      { headers: { 'x-user': 'a' }, times: 5, expect: { versions: 1 } },
    ],
  },
  {
    title: 'outlier: all are ejected: nobody is left',
    doc,
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection:
            { consecutive5xxErrors: 1, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100, minHealthPercent: 0 }
      `),
    ],
    steps: [
      { times: 3, behave: { status: 500 }, expect: { status: 500, receivedBy: { v1: 1, v2: 1, v3: 1 } } },
      { times: 5, settles: true, expect: { status: 503, received: 0, flags: 'UH' } },
    ],
  },
  {
    title: 'outlier: fewer healthy ones than minHealthPercent: all are asked again',
    doc,
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection:
            { consecutive5xxErrors: 1, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100, minHealthPercent: 50 }
      `),
    ],
    steps: [
      { times: 6, behave: { status: 500 }, expect: { status: 500 } },
      { times: 9, expect: { status: 200 } },
    ],
  },
  {
    title: 'outlier: maxEjectionPercent keeps the rest in, by default all but 10 %, at least one is ejected',
    doc: docs.envoy('intro/arch_overview/upstream/outlier#ejection-algorithm'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection: { consecutive5xxErrors: 1, interval: 60s, baseEjectionTime: 60s, minHealthPercent: 0 }
      `),
    ],
    steps: [
      // The first is ejected; then a third of them are out, which is more than a tenth.
      { behave: { status: 500 }, expect: { status: 500 } },
      { times: 6, behave: { status: 500 }, expect: { status: 500 } },
      { times: 10, settles: true, expect: { status: 200, versions: 2 } },
    ],
  },
  {
    title: 'outlier: refused connections eject, told apart from answers, whose errors do not',
    doc,
    resources: [
      halfDown,
      destinationRule(`
        host: $outside
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN }
          outlierDetection:
            { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 1, consecutive5xxErrors: 0, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100 }
      `),
      virtualService(`
        hosts: [$outside]
        http:
        - retries: { attempts: 0 }
          route: [{ destination: { host: $outside } }]
      `),
    ],
    steps: [
      { url: 'http://$outside/', times: 2, expect: { status: { 200: 1, 503: 1 } } },
      { url: 'http://$outside/', times: 10, settles: true, expect: { status: 200, version: 'out1' } },
    ],
  },
  {
    title: 'health: an endpoint that does not answer checks is not asked',
    doc: docs.envoy('intro/arch_overview/upstream/health_checking'),
    resources: [
      halfDown,
      resource(
        'tulle.dev/v1alpha1',
        'HealthCheckPolicy',
        'host: $outside\nhttp: { path: /health }\ninterval: 1s\ntimeout: 5s\nunhealthyThreshold: 1',
      ),
      virtualService(`
        hosts: [$outside]
        http:
        - retries: { attempts: 0 }
          route: [{ destination: { host: $outside } }]
      `),
    ],
    steps: [{ url: 'http://$outside/', times: 10, settles: true, expect: { status: 200, version: 'out1' } }],
  },
];

/** VirtualService: weights, mirrors, subsets. */
import { docs, outsideApplication, subsets, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const to = (version: string): string => `destination: { host: $host, subset: ${version} }`;

export const split: readonly Scenario[] = [
  {
    title: 'weights: 75 to 25',
    doc: docs.virtualService('HTTPRouteDestination'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - route:
          - { ${to('v1')}, weight: 75 }
          - { ${to('v2')}, weight: 25 }
      `),
    ],
    steps: [{ times: 200, expect: { shares: { v1: 0.75, v2: 0.25 } } }],
  },
  {
    title: 'weights: a share is its part of the sum, whatever that is',
    doc: docs.virtualService('HTTPRouteDestination'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - route:
          - { ${to('v1')}, weight: 1 }
          - { ${to('v2')}, weight: 1 }
          - { ${to('v3')}, weight: 2 }
      `),
    ],
    steps: [{ times: 200, expect: { shares: { v1: 0.25, v2: 0.25, v3: 0.5 } } }],
  },
  {
    title: 'weights: 0 gets nothing',
    doc: docs.virtualService('HTTPRouteDestination'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - route:
          - { ${to('v1')}, weight: 0 }
          - { ${to('v2')}, weight: 100 }
      `),
    ],
    steps: [{ times: 30, expect: { version: 'v2' } }],
  },
  {
    title: 'subset that does not exist: 503',
    doc: docs.ops('common-problems/network-issues/#503-errors-after-setting-destination-rule'),
    resources: [
      virtualService(`
        http:
        - route: [{ ${to('nowhere')} }]
      `),
    ],
    steps: [{ expect: { status: 503, received: 0 } }],
  },
  {
    title: 'subset without instances: 503, no healthy upstream',
    doc: docs.destinationRule('Subset'),
    resources: [
      `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: $name }
spec:
  host: $host
  subsets: [{ name: empty, labels: { version: v9 } }]
`,
      virtualService(`
        http:
        - route: [{ ${to('empty')} }]
      `),
    ],
    steps: [{ expect: { status: 503, flags: 'UH', received: 0 } }],
  },
  {
    title:
      'mirror: a copy goes to the other version under host -shadow; the caller gets the first one’s answer',
    doc: docs.task('mirroring'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - route: [{ ${to('v1')} }]
          mirror: { host: $host, subset: v2 }
      `),
    ],
    steps: [
      {
        times: 10,
        method: 'POST',
        body: 'a body',
        behave: { only: 'v2', status: 500 },
        expect: {
          version: 'v1',
          receivedBy: { v1: 10, v2: 10 },
          seenBy: {
            v1: { ':authority': '$host', 'content-length': '6' },
            v2: { ':authority': '$host-shadow', ':method': 'POST' },
          },
        },
      },
    ],
  },
  {
    title: 'mirrorPercentage: a share of the requests',
    doc: docs.virtualService('HTTPRoute'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - route: [{ ${to('v1')} }]
          mirror: { host: $host, subset: v2 }
          mirrorPercentage: { value: 25 }
      `),
    ],
    // Binomial(200, 0.25): 50 ± 6.1; five deviations.
    steps: [{ times: 200, together: 8, expect: { version: 'v1', receivedBy: { v1: 200, v2: [20, 80] } } }],
  },
  {
    title: 'mirrors: several, each with its percentage',
    doc: docs.virtualService('HTTPMirrorPolicy'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - route: [{ ${to('v1')} }]
          mirrors:
          - { destination: { host: $host, subset: v2 }, percentage: { value: 100 } }
          - { destination: { host: $host, subset: v3 }, percentage: { value: 50 } }
      `),
    ],
    // Binomial(100, 0.5): 50 ± 5; five deviations.
    steps: [
      { times: 100, together: 8, expect: { version: 'v1', receivedBy: { v1: 100, v2: 100, v3: [25, 75] } } },
    ],
  },
  {
    title: 'mirror: to an application outside the mesh',
    doc: docs.virtualService('HTTPMirrorPolicy'),
    resources: [
      outsideApplication(),
      subsets(),
      virtualService(`
        http:
        - route: [{ ${to('v1')} }]
          mirrors: [{ destination: { host: $outside } }]
      `),
    ],
    steps: [{ times: 5, expect: { version: 'v1', receivedBy: { v1: 5, out1: 5 } } }],
  },
  {
    title: 'mirror: that answers late or not at all keeps nobody waiting',
    doc: docs.task('mirroring'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - timeout: 1s
          route: [{ ${to('v1')} }]
          mirror: { host: $host, subset: v2 }
      `),
    ],
    steps: [
      { behave: { only: 'v2', delayMs: 4000 }, expect: { version: 'v1', receivedBy: { v1: 1, v2: 1 } } },
    ],
  },
];

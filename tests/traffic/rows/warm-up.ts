/** Slow start: an endpoint that joins old ones comes to its share by and by. */
import { destinationRule, docs, serviceEntry } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const url = 'http://$outside/';
const old = '{ address: 127.0.0.1, ports: { http: $http } }';
const young = '{ address: 127.0.0.1, ports: { http: $http2nd } }';
const entry = (...endpoints: readonly string[]): string =>
  serviceEntry(`
    location: MESH_EXTERNAL
    resolution: STATIC
    ports: [{ number: 80, name: http, protocol: HTTP }]
    endpoints: [${endpoints.join(', ')}]
  `);

interface WarmUp {
  readonly title: string;
  readonly policy: string;
  readonly seconds: number;
  readonly minimumPercent?: number;
  readonly aggression?: number;
}

/** The first has served for a whole warm-up when the second comes. */
const joined = ({ title, policy, seconds, minimumPercent = 10, aggression = 1 }: WarmUp): Scenario => ({
  title: `warm-up: ${title}`,
  doc: docs.destinationRule('WarmupConfiguration'),
  resources: [
    entry(old),
    destinationRule(`
      host: $outside
      trafficPolicy: { loadBalancer: { ${policy} } }
    `),
  ],
  steps: [
    { url, expect: { version: 'out1' } },
    { url, pauseMs: seconds * 1000, expect: { version: 'out1' } },
    {
      ...{ url, applies: [entry(old, young)], times: 300, pauseMs: (seconds * 1000) / 220 },
      expect: { warming: { version: 'out2', seconds, minimumPercent, aggression } },
    },
    { url, times: 60, expect: { shares: { out1: 0.5, out2: 0.5 } } },
  ],
});

export const warmUps: readonly Scenario[] = [
  joined({
    title: 'from a tenth to its whole share, evenly',
    policy: 'simple: ROUND_ROBIN, warmup: { duration: 4s }',
    seconds: 4,
  }),
  joined({
    title: 'from a part that is said',
    policy: 'simple: LEAST_REQUEST, warmup: { duration: 4s, minimumPercent: 60 }',
    seconds: 4,
    minimumPercent: 60,
  }),
  joined({
    title: 'faster at first, by aggression',
    policy: 'simple: ROUND_ROBIN, warmup: { duration: 4s, aggression: 4 }',
    seconds: 4,
    aggression: 4,
  }),
  joined({
    title: 'by its older name',
    policy: 'simple: ROUND_ROBIN, warmupDurationSecs: 4s',
    seconds: 4,
  }),
];

/** Callers that stay in their zone. */
import { destinationRule, docs, resource, serviceEntry } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const doc = docs.destinationRule('ZoneAwareLoadBalancerSetting');
const zones = (setting: string): string =>
  destinationRule(`
    trafficPolicy:
      loadBalancer: { simple: ROUND_ROBIN, zoneAwareLbSetting: ${setting} }
  `);

const caller = (name: string, locality: string, address: string): string =>
  resource(
    'networking.istio.io/v1',
    'WorkloadEntry',
    `
      address: ${address}
      locality: ${locality}
      labels: { service.istio.io/canonical-name: near }
    `,
    `$name-${name}`,
  );
/**
 * Of who calls, two thirds are in `near`’s zone; of the application’s instances in the region, half. Where a sender
 * says nothing of health, as here, it does not count itself.
 */
const callers = [
  caller('first', 'west/a/1', '192.0.2.1'),
  caller('second', 'west/a/1', '192.0.2.2'),
  caller('third', 'west/b/1', '192.0.2.3'),
];

export const zoneRows: readonly Scenario[] = [
  {
    title:
      'zones: as many stay as instances of the zone are for, the others go where callers are few; not abroad',
    doc: docs.envoy('intro/arch_overview/upstream/load_balancing/zone_aware'),
    resources: [...callers, zones('{ enabled: true, minClusterSize: 1 }')],
    steps: [
      { from: 'near', times: 400, expect: { shares: { v1: 0.75, v2: 0.25 } } },
      { from: 'neighbour', times: 40, expect: { version: 'v2' } },
      { from: 'client', times: 30, expect: { receivedBy: { v1: 10, v2: 10, v3: 10 } } },
    ],
  },
  {
    title: 'zones: connections, too',
    doc,
    resources: [...callers, zones('{ minClusterSize: 1 }')],
    steps: [
      { kind: 'tcp', from: 'neighbour', to: '$host:83', times: 12, expect: { version: 'v2' } },
      { kind: 'tcp', from: 'near', to: '$host:83', times: 200, expect: { shares: { v1: 0.75, v2: 0.25 } } },
    ],
  },
  {
    title: 'zones: fewer instances than minClusterSize, six unless said: all of the region alike',
    doc,
    resources: [...callers, zones('{ enabled: true }')],
    steps: [{ from: 'neighbour', times: 20, expect: { receivedBy: { v1: 10, v2: 10 } } }],
  },
  {
    title: 'zones: off',
    doc,
    resources: [...callers, zones('{ enabled: false }')],
    steps: [{ from: 'neighbour', times: 30, expect: { receivedBy: { v1: 10, v2: 10, v3: 10 } } }],
  },
  {
    title: 'zones: failoverPriority before regions',
    doc,
    resources: [...callers, zones('{ minClusterSize: 1, failoverPriority: [version] }')],
    steps: [{ from: 'near', times: 12, expect: { version: 'v3' } }],
  },
  {
    title: 'zones: failover to the region that is named, before any other',
    doc,
    resources: [
      serviceEntry(`
        resolution: STATIC
        location: MESH_EXTERNAL
        ports: [{ number: 80, name: http, protocol: HTTP }]
        endpoints:
        - { address: 127.0.0.1, ports: { http: $http }, locality: south/a }
        - { address: 127.0.0.1, ports: { http: $http2nd }, locality: east/a }
      `),
      destinationRule(`
        host: $outside
        trafficPolicy:
          loadBalancer: { zoneAwareLbSetting: { failover: [{ from: west, to: east }] } }
      `),
    ],
    steps: [{ from: 'near', url: 'http://$outside/', times: 12, expect: { version: 'out2' } }],
  },
];

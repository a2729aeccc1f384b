import type { Resource } from '@tulle/resources/kind';
import { expect, test } from 'vitest';
import { buildModel, type ConfigModel } from './model.ts';

const service: Resource = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'reviews', namespace: 'shop' },
  spec: { selector: { app: 'reviews' }, ports: [{ name: 'http', port: 80 }] },
};
const labels = { app: 'reviews' };
const host = 'reviews.shop.svc.cluster.local';

/** Whose policy holds for a workload of namespace `shop`. */
const cases: readonly [kind: string, spec: object, (config: ConfigModel) => string | undefined][] = [
  [
    'Sidecar',
    { egress: [{ hosts: ['*/*'] }] },
    ({ sidecars }) => sidecars.decide('shop', labels)?.key.match(/[a-z]+-system/)?.[0],
  ],
  [
    'PeerAuthentication',
    { mtls: { mode: 'PERMISSIVE' } },
    ({ peerAuthentications }) => peerAuthentications.decide('shop', labels, 80).origin?.namespace,
  ],
  [
    'DestinationRule',
    { host },
    ({ destinationRules, services }) => {
      const [found] = services.all.filter((one) => one.host === host);
      return found && destinationRules.lookup(found, 'shop', labels)?.namespace;
    },
  ],
  [
    'EnvoyFilter',
    {
      configPatches: [
        {
          applyTo: 'CLUSTER',
          match: { context: 'ANY' },
          patch: { operation: 'MERGE', value: { connect_timeout: '1s' } },
        },
      ],
    },
    ({ envoyFilters }) => envoyFilters.ofWorkload('shop', labels)?.[0]?.namespace,
  ],
];

const written = (kind: string, spec: object, namespace: string): Resource => ({
  apiVersion: kind === 'PeerAuthentication' ? 'security.istio.io/v1' : 'networking.istio.io/v1',
  kind,
  metadata: { name: 'mesh-wide', namespace },
  spec,
});

test.each(cases)('%s holds mesh-wide from both root namespaces, ours first', (kind, spec, holder) => {
  const of = (...namespaces: string[]): string | undefined =>
    holder(
      buildModel({
        mesh: {},
        resources: [service, ...namespaces.map((namespace) => written(kind, spec, namespace))],
        instances: [],
      }).config,
    );
  expect(of('istio-system')).toBe('istio-system');
  expect(of('istio-system', 'tulle-system')).toBe('tulle-system');
  expect(of('elsewhere')).toBeUndefined();
});

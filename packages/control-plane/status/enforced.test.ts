import type { Resource } from '@tulle/resources/kind';
import type { RateLimitPolicy } from '@tulle/resources/tulle/limits/rate-limit-policy';
import { expect, test } from 'vitest';
import type { WorkloadInstance } from '../model/instances/instance.ts';
import { buildModel } from '../model/model.ts';
import { enforcedCondition } from './enforced.ts';

const policy = (spec: object): RateLimitPolicy =>
  ({
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'RateLimitPolicy',
    metadata: { name: 'p', namespace: 'a', generation: 2 },
    spec: { limits: [{ name: 'all', requests: 1, per: '1s' }], ...spec },
  }) as RateLimitPolicy;
const service: Resource = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'rate-limit', namespace: 'tulle-system' },
  spec: { selector: { app: 'rate-limit' }, ports: [{ name: 'grpc', port: 8081 }] },
};
const instance = (health: WorkloadInstance['health']): WorkloadInstance => ({
  ...{ name: 'rate-limit-0', namespace: 'tulle-system', workload: 'rate-limit', serviceAccount: 'default' },
  ...{ labels: { app: 'rate-limit' }, address: '127.0.0.1', ports: [{ port: 8081, target: 9000 }] },
  ...{ tlsMode: 'istio', weight: 1, locality: '', network: '', cluster: '', health },
});

const mesh = { scope: 'MESH' };
test.each<[string, object, Resource[], WorkloadInstance[], string, string]>([
  ['counted by proxies', {}, [], [], 'True CountedByProxies', ''],
  ['only reported', { mode: 'REPORT' }, [], [], 'False ReportOnly', 'mode REPORT refuses nothing'],
  ['no service', mesh, [], [], 'False NoService', 'nothing is limited'],
  ['no service, closed', { ...mesh, service: { onFailure: 'DENY' } }, [], [], 'False NoService', 'with 500'],
  ['served', mesh, [service], [instance('healthy')], 'True ServiceReady', ':8081 counts'],
  ['not yet', mesh, [service], [instance('unhealthy')], 'False ServiceNotReady', '(onFailure: ALLOW)'],
  [
    'refused',
    { ...mesh, service: { onFailure: 'DENY' } },
    [service],
    [],
    'False ServiceNotReady',
    'with 500',
  ],
])('%s', (_, spec, resources, instances, verdict, message) => {
  const found = enforcedCondition(policy(spec), buildModel({ mesh: {}, resources, instances }));
  expect(`${found.status} ${found.reason}`).toBe(verdict);
  expect(found.message).toContain(message);
  expect(found.observedGeneration).toBe(2);
});

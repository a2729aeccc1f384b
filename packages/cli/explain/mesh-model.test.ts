import type { Resource } from '@tulle/resources/kind';
import { expect, test } from 'vitest';
import { modelOf } from './mesh-model.ts';

const policy = (spec: object): Resource => ({
  apiVersion: 'tulle.dev/v1alpha1',
  kind: 'RateLimitPolicy',
  metadata: { name: 'p', namespace: 'a' },
  spec: { limits: [{ name: 'all', requests: 1, per: '1s' }], ...spec },
});
const mesh = (spec: object): Resource => ({
  apiVersion: 'tulle.dev/v1alpha1',
  kind: 'Mesh',
  metadata: { name: 'm' },
  spec,
});
const hosts = (...resources: Resource[]): string[] =>
  modelOf(resources, []).config.services.all.map(({ host }) => host);

test('what is previewed has the rate limit service that comes with a policy of scope MESH', () => {
  const host = 'rate-limit.tulle-system.svc.cluster.local';
  expect(hosts(policy({ scope: 'MESH' }))).toEqual([host]);
  expect(hosts(policy({}))).toEqual([]);
  expect(hosts(policy({ scope: 'MESH', service: { host: 'mine' } }))).toEqual([]);
  expect(hosts(policy({ scope: 'MESH' }), mesh({ rateLimitService: { enabled: false } }))).toEqual([]);
});

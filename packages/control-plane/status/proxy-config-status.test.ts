import type { ProxyConfig } from '@tulle/resources/istio/proxy-config';
import { expect, it } from 'vitest';
import { instanceOf } from '../model/instances/instance.fixture.ts';
import { atStartCondition } from './proxy-config-status.ts';

const config = (namespace: string, matchLabels?: Record<string, string>): ProxyConfig => ({
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'ProxyConfig',
  metadata: { name: 'busy', namespace, generation: 3 },
  spec: { concurrency: 2, ...(matchLabels && { selector: { matchLabels } }) },
});
const instance = (namespace: string, app: string) => instanceOf({ name: app, namespace, labels: { app } });
const running = [instance('shop', 'cart'), instance('shop', 'till'), instance('other', 'cart')];

it.each([
  ['those that its labels select in its namespace', config('shop', { app: 'cart' }), 'holds for 1 proxy '],
  ['its namespace', config('shop'), 'holds for 2 proxies '],
  ['all, from a root namespace', config('istio-system'), 'holds for 3 proxies '],
])('says that it holds for %s, when they start', (_, resource, words) => {
  expect(atStartCondition(resource, running)).toMatchObject({
    type: 'Applied',
    status: 'Unknown',
    reason: 'AtStart',
    message: expect.stringContaining(words),
    observedGeneration: 3,
  });
});

it('says when it selects nobody; a selector of a root namespace is for that namespace', () => {
  for (const resource of [config('shop', { app: 'none' }), config('tulle-system', { app: 'cart' })])
    expect(atStartCondition(resource, running)).toMatchObject({ reason: 'NotReferenced' });
});

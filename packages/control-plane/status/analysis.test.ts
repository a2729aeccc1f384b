import type { Resource } from '@tulle/resources/kind';
import { describe, expect, test } from 'vitest';
import { modelOf } from '../analyze/model.fixture.ts';
import { updateInstances } from '../model/model.ts';
import { Analysis, hourMs, withValidationMessages } from './analysis.ts';
import { analyzedCondition } from './conditions.ts';

const sidecar: Resource = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Sidecar',
  metadata: { name: 'reviews' },
  spec: { workloadSelector: { labels: { app: 'reviews' } }, egress: [{ hosts: ['./*'] }] },
};
const breather = { pause: () => undefined };
const key = 'Sidecar/default/reviews';

describe('what was found', () => {
  test('is a condition and Istio’s validationMessages, written once', async () => {
    const analysis = new Analysis(() => 0);
    await analysis.update(modelOf([sidecar]), breather);
    const found = analysis.of(key);
    expect(analyzedCondition(found, 1)).toEqual({
      type: 'Analyzed',
      status: 'True',
      reason: 'NoMatchingWorkloadsFound',
      message: 'Warning [IST0127] spec.workloadSelector: no workload of namespace default has app=reviews',
      observedGeneration: 1,
    });
    const status = withValidationMessages({ conditions: [] }, found);
    expect(status).toEqual({
      conditions: [],
      validationMessages: [
        {
          documentationUrl: 'https://istio.io/latest/docs/reference/config/analysis/ist0127/',
          level: 'WARNING',
          type: { code: 'IST0127', name: 'NoMatchingWorkloadsFound' },
        },
      ],
    });
    expect(withValidationMessages(status, found)).toBe(status);
    expect(withValidationMessages(status, [])).toEqual({ conditions: [] });
    expect(withValidationMessages(undefined, [])).toBeUndefined();
  });

  test('is looked for again when a workload comes or an hour has passed, not when an instance changes', async () => {
    let now = 0;
    const analysis = new Analysis(() => now);
    const model = modelOf([sidecar]);
    await analysis.update(model, breather);
    const [gateway] = model.instances.all;
    if (gateway === undefined) throw new Error('no gateway');
    const found = analysis.of(key);
    await analysis.update(updateInstances(model, [{ ...gateway, health: 'draining' }]), breather);
    expect(analysis.of(key)).toBe(found);
    now = hourMs;
    await analysis.update(model, breather);
    expect(analysis.of(key)).not.toBe(found);
    expect(analysis.of(key)).toEqual(found);
    const reviews = { ...gateway, ...{ name: 'reviews-0', namespace: 'default', workload: 'reviews' } };
    const joined = { ...reviews, labels: { app: 'reviews' }, tlsMode: 'istio' as const };
    await analysis.update(updateInstances(model, [gateway, joined]), breather);
    expect(analysis.of(key)).toEqual([]);
  });
});

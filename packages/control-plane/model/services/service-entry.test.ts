import type { Resource } from '@tulle/resources/kind';
import { expect, test } from 'vitest';
import { buildModel } from '../model.ts';

const service: Resource = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'reviews', namespace: 'a' },
  spec: { selector: { app: 'reviews' }, ports: [{ name: 'http', port: 80 }] },
};
const entry = (namespace: string, san: string): Resource => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'ServiceEntry',
  metadata: { name: 'reviews', namespace },
  spec: {
    hosts: ['reviews.a.svc.cluster.local'],
    ports: [{ number: 80, name: 'http' }],
    subjectAltNames: [san],
  },
});

test('an entry for a Service’s host adds identities to it; one of another namespace does not', () => {
  const resources = [service, entry('a', 'spiffe://own'), entry('b', 'spiffe://foreign')];
  const { config } = buildModel({ mesh: {}, resources, instances: [] });
  expect(config.services.visible('reviews.a.svc.cluster.local', 'c')).toMatchObject({
    origin: { kind: 'Service' },
    subjectAltNames: ['spiffe://own'],
  });
});

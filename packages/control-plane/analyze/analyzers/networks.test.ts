import { parseResources } from '@tulle/resources/parse';
import { expect, test } from 'vitest';
import { updateInstances } from '../../model/model.ts';
import { analyze } from '../analyze.ts';
import { modelOf } from '../model.fixture.ts';

const resources = parseResources(
  `
{apiVersion: v1, kind: Service, metadata: {name: eastwest, labels: {topology.istio.io/network: network-2}}, spec: {selector: {istio: eastwest}, ports: [{name: tls, port: 15443}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: reviews}, spec: {selector: {app: reviews}, ports: [{name: http, port: 9080}]}}
`,
  { file: 'input' },
).documents.flatMap(({ resource }) => resource ?? []);

test('a gateway between networks is no caller of others: a network without one is not tried by it', () => {
  const model = modelOf(resources);
  const [ingress] = model.instances.all;
  if (ingress === undefined) throw new Error('no gateway');
  const other = (name: string, network: string, labels: Readonly<Record<string, string>>) => ({
    ...ingress,
    ...{ name, workload: name, namespace: 'default', network, labels },
  });
  const eastwest = other('eastwest', 'network-2', { istio: 'eastwest' });
  const reviews = { ...other('reviews', 'network-1', { app: 'reviews' }), isGateway: false };
  const shop = other('shop', 'network-2', { app: 'shop' });
  const found = (...instances: (typeof eastwest)[]) =>
    analyze(updateInstances(model, instances), { now: 0, whole: true })
      .filter(({ message }) => message.code === 'TUL1204')
      .map(({ detail }) => detail);
  expect(found(eastwest, reviews)).toEqual([]);
  expect(found(eastwest, reviews, shop)).toEqual(['reviews is in network-1, which has no gateway']);
});

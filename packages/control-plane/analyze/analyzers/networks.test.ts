import { parseResources } from '@tulle/resources/parse';
import { expect, test } from 'vitest';
import { type Model, updateInstances } from '../../model/model.ts';
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

const found = (model: Model): readonly string[] =>
  analyze(model, { now: 0, whole: true })
    .filter(({ message }) => message.code === 'TUL1206')
    .map(({ origin, detail }) => `${origin.kind} ${origin.path}: ${detail}`);

test('a network whose gateway has a name can’t be reached as long as that has no address', () => {
  const gateways = [{ address: 'GW.example.com', port: 15443 }];
  const spec = { meshNetworks: { networks: { 'network-2': { gateways } } } };
  const mesh = { apiVersion: 'tulle.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'shop' }, spec };
  const model = modelOf([mesh]);
  const [ingress] = model.instances.all;
  if (ingress === undefined) throw new Error('no gateway');
  const instances = [{ ...ingress, network: 'network-1' }];
  // Who looks up no names can't say.
  expect(found(updateInstances(model, instances))).toEqual([]);
  const unknown = updateInstances(model, instances, undefined, new Map());
  expect(found(unknown)).toEqual([
    'Mesh spec.meshNetworks.networks.network-2.gateways[0].address: network-2 can’t be reached from network-1: gw.example.com has no address so far',
  ]);
  const names = new Map([['gw.example.com', ['203.0.113.7']]]);
  expect(found(updateInstances(unknown, instances, undefined, names))).toEqual([]);
});

test('a network is reached again once an instance of its gateway is ready', () => {
  const workload = {
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'Workload',
    metadata: { name: 'eastwest' },
    spec: { role: 'gateway', labels: { istio: 'eastwest' } },
  };
  const model = modelOf([...resources, workload]);
  const [ingress] = model.instances.all;
  if (ingress === undefined) throw new Error('no gateway');
  const caller = { ...ingress, network: 'network-1' };
  const eastwest = {
    ...{ ...ingress, name: 'eastwest-0', workload: 'eastwest', namespace: 'default', network: 'network-2' },
    labels: { istio: 'eastwest' },
  };
  const lost = [
    'Service : network-2 can’t be reached from network-1: no instance of eastwest.default.svc.cluster.local is ready at port 15443',
  ];
  const starting = updateInstances(model, [caller, { ...eastwest, health: 'unhealthy' as const }]);
  expect(found(starting)).toEqual(lost);
  const running = updateInstances(starting, [caller, eastwest]);
  expect(found(running)).toEqual([]);
  expect(found(updateInstances(running, [caller]))).toEqual(lost);
});

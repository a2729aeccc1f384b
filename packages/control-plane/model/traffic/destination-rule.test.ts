import type { Resource } from '@tulle/resources/kind';
import { describe, expect, test } from 'vitest';
import type { DestinationRuleSpec } from '../istio.ts';
import { kubernetesService } from '../services/kubernetes-service.ts';
import { indexDestinationRules } from './destination-rule.ts';

const shop = kubernetesService({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'shop', namespace: 'server' },
  spec: { ports: [{ port: 80 }] },
});

function rule(name: string, namespace: string, spec: Partial<DestinationRuleSpec>, created = ''): Resource {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name, namespace, creationTimestamp: created },
    spec: { host: shop.host, ...spec },
  };
}

function nameFor(rules: readonly Resource[], client = 'client', labels = {}): string | undefined {
  const index = indexDestinationRules(rules, (host) => host === shop.host);
  return index
    .lookup(shop, client, labels)
    ?.origins.map((origin) => origin.name)
    .join('+');
}

describe('whose rule holds', () => {
  const ofClient = rule('client', 'client', {});
  const ofServer = rule('server', 'server', {});
  const ofMesh = rule('mesh', 'tulle-system', {});

  test("the client's, else the service's, else the mesh's", () => {
    expect(nameFor([ofMesh, ofServer, ofClient])).toBe('client');
    expect(nameFor([ofMesh, ofServer])).toBe('server');
    expect(nameFor([ofMesh])).toBe('mesh');
    expect(nameFor([rule('stranger', 'other', {})])).toBeUndefined();
  });

  test('one that is not exported does not', () => {
    expect(nameFor([rule('private', 'server', { exportTo: ['.'] }), ofMesh])).toBe('mesh');
  });

  test('the most specific host of a namespace', () => {
    const wide = rule('wide', 'server', { host: '*.server.svc.cluster.local' });
    const wider = rule('wider', 'server', { host: '*' });
    expect(nameFor([wider, wide])).toBe('wide');
    expect(nameFor([wider, wide, ofServer])).toBe('server');
  });

  test('one for the workload before one for all', () => {
    const own = rule('own', 'client', { workloadSelector: { matchLabels: { app: 'web' } } });
    expect(nameFor([ofClient, own], 'client', { app: 'web' })).toBe('own');
    expect(nameFor([ofClient, own], 'client', { app: 'api' })).toBe('client');
  });
});

test('rules for one host add up: subsets of all, the policy of the oldest that has one', () => {
  const younger = rule(
    'a',
    'server',
    {
      subsets: [{ name: 'v1', labels: { from: 'younger' } }, { name: 'v2' }],
      trafficPolicy: { tls: { mode: 'DISABLE' } },
    },
    '2025',
  );
  const older = rule('b', 'server', { subsets: [{ name: 'v1', labels: { from: 'older' } }] }, '2024');
  const merged = indexDestinationRules([younger, older], () => true).lookup(shop, 'client', {});
  expect([...(merged?.subsets.keys() ?? [])]).toEqual(['v1', 'v2']);
  expect(merged?.subsets.get('v1')?.spec.labels).toEqual({ from: 'older' });
  expect(merged?.trafficPolicy).toEqual({ tls: { mode: 'DISABLE' } });
  expect(merged?.origins.map((origin) => origin.name)).toEqual(['b', 'a']);
});

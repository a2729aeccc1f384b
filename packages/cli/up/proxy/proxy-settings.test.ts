import type { ProxyConfig, ProxyConfigSpec } from '@tulle/resources/istio/proxy-config';
import { expect, test } from 'vitest';
import { proxySettings } from './proxy-settings.ts';

const config = (namespace: string, name: string, spec: ProxyConfigSpec): ProxyConfig => ({
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'ProxyConfig',
  metadata: { name, namespace, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec,
});
const selector = { matchLabels: { app: 'reviews' } };
const mine = config('shop', 'mine', { selector, environmentVariables: { A: 'workload' } });
const wide = config('shop', 'wide', {
  concurrency: 3,
  environmentVariables: { A: 'namespace', B: 'namespace' },
});
const root = config('tulle-system', 'root', { concurrency: 4, environmentVariables: { C: 'root' } });
const reviews = { app: 'reviews' };

test('without anything a proxy is one process and drains two seconds', () => {
  expect(proxySettings([], {}, 'shop', {})).toEqual({ concurrency: 1, env: {}, drainSeconds: 2 });
});

test('the workload’s ProxyConfig comes first, then its namespace’s, the root’s, the mesh', () => {
  const mesh = {
    concurrency: 5,
    defaultConfig: {
      concurrency: 6,
      proxyMetadata: { C: 'mesh', D: 'mesh' },
      terminationDrainDuration: '1500ms',
    },
  };
  expect(proxySettings([root, wide, mine], mesh, 'shop', reviews)).toEqual({
    concurrency: 3,
    env: { A: 'workload', B: 'namespace', C: 'root', D: 'mesh' },
    drainSeconds: 1.5,
  });
  expect(proxySettings([root, wide, mine], mesh, 'shop', {}).env.A).toBe('namespace');
  expect(proxySettings([root, wide, mine], mesh, 'other', reviews)).toMatchObject({
    concurrency: 4,
    env: { C: 'root', D: 'mesh' },
  });
  expect(proxySettings([mine], mesh, 'shop', reviews).concurrency).toBe(5);
  expect(proxySettings([mine], { defaultConfig: mesh.defaultConfig }, 'shop', reviews).concurrency).toBe(6);
});

test('zero processes are one per processor, not an absent value', () => {
  const zero = config('shop', 'zero', { concurrency: 0 });
  expect(proxySettings([zero, root], {}, 'shop', {}).concurrency).toBe(0);
});

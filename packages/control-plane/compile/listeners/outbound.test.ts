import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildModel } from '../../model/model.ts';
import { compile } from '../compile.ts';
import { readCase } from '../testing/golden-case.ts';

const { input, proxy } = readCase(join(import.meta.dirname, '../golden/default-route'));
const model = buildModel(input);

const outboundClusters = (upstreams: { upstreams: []; onlyDeclared?: true }): string[] => {
  const metadata = { ...proxy.metadata, TULLE_OUTBOUND: { ...proxy.metadata.TULLE_OUTBOUND, ...upstreams } };
  const { snapshot } = compile(model, { ...proxy, metadata });
  return [...snapshot.cluster.keys()].filter((name) => name.startsWith('outbound|'));
};

test('a proxy that declares nothing may call every service', () => {
  expect(outboundClusters({ upstreams: [] })).not.toEqual([]);
});

test('a proxy that declares no upstream at all gets no service', () => {
  expect(outboundClusters({ upstreams: [], onlyDeclared: true })).toEqual([]);
});

test('a Sidecar that only takes hosts away is applied where the routes are', () => {
  const metadata = { name: 'default', namespace: 'default', generation: 1 };
  const spec = { egress: [{ hosts: ['~/*'] }], outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } };
  const sidecar = { apiVersion: 'networking.istio.io/v1', kind: 'Sidecar', metadata, spec };
  const { snapshot } = compile(buildModel({ ...input, resources: [...input.resources, sidecar] }), proxy);
  const origins = snapshot.route.get('http_proxy')?.origins ?? [];
  expect(origins.filter(({ kind }) => kind === 'Sidecar').map(({ path }) => path)).toEqual([
    'spec.outboundTrafficPolicy',
    'spec.egress[0]',
  ]);
});

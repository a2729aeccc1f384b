import { startTestServer, type TestServer, token } from '@tulle/control-plane/api/server.fixture';
import type { Resource } from '@tulle/resources/kind';
import { findKind } from '@tulle/resources/kinds';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ApiClient, createApiClient } from '../api/client.ts';
import { type MeshFile, OWNED_BY } from '../up/state/mesh-file.ts';
import { applyMeshFile } from '../up/state/owned-resources.ts';
import { type Applicable, makeApplicable } from './applicable.ts';
import { applyAll } from './apply.ts';

let server: TestServer;
let client: ApiClient;

beforeEach(async () => {
  server = await startTestServer();
  client = createApiClient({ url: server.server.url, token });
});

afterEach(() => server.close());

const virtualService = (weight: number, namespace = 'default'): Resource => ({
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'VirtualService',
  metadata: { name: 'reviews', namespace },
  spec: {
    hosts: ['reviews'],
    http: [
      {
        route: [
          { destination: { host: 'reviews', subset: 'v1' }, weight },
          { destination: { host: 'reviews', subset: 'v2' }, weight: 100 - weight },
        ],
      },
    ],
  },
});

const service = (name: string, port = 9080): Resource => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ name: 'http', port }] },
});

function applicable(resource: Resource, labels?: Record<string, string>): Applicable {
  const kind = findKind(resource.apiVersion, resource.kind);
  if (kind === undefined) throw new Error(`no kind ${resource.kind}`);
  return makeApplicable(resource, kind, {
    defaultNamespace: 'default',
    ...(labels === undefined ? {} : { labels }),
  });
}

const verbs = async (...resources: Resource[]): Promise<string[]> =>
  (
    await applyAll(
      client,
      resources.map((resource) => applicable(resource)),
    )
  ).map(({ item, verb }) => `${item.name} ${verb}`);

describe('applyAll', () => {
  test('created, then unchanged without a write, then configured', async () => {
    expect(await verbs(virtualService(75))).toEqual(['reviews created']);
    const before = await get('VirtualService', 'reviews');
    expect(await verbs(virtualService(75))).toEqual(['reviews unchanged']);
    expect((await get('VirtualService', 'reviews')).metadata.resourceVersion).toBe(
      before.metadata.resourceVersion,
    );
    expect(await verbs(virtualService(50))).toEqual(['reviews configured']);
    expect(await get('VirtualService', 'reviews')).toMatchObject({
      spec: { http: [{ route: [{ weight: 50 }, { weight: 50 }] }] },
    });
  });

  test('defaults of the server are no change', async () => {
    expect(await verbs(service('reviews'))).toEqual(['reviews created']);
    expect(await verbs(service('reviews'))).toEqual(['reviews unchanged']);
  });

  test('what goes into a new namespace comes after it', async () => {
    const namespace: Resource = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bluegreen' } };
    expect(await verbs(virtualService(75, 'bluegreen'), namespace)).toEqual([
      'bluegreen created',
      'reviews created',
    ]);
  });

  test('one refused resource: nothing is written', async () => {
    const wrong = virtualService(75);
    wrong.spec = { hosts: [] };
    await expect(verbs(service('details'), wrong)).rejects.toThrow();
    await expect(get('Service', 'details')).rejects.toThrow(/not found/);
  });

  test('a dry run writes nothing', async () => {
    const outcomes = await applyAll(client, [applicable(service('details'))], { dryRun: true });
    expect(outcomes.map(({ verb }) => verb)).toEqual(['created']);
    await expect(get('Service', 'details')).rejects.toThrow(/not found/);
  });
});

describe('a mesh file applied again', () => {
  const file = (...resources: Resource[]): MeshFile => ({
    path: '/mesh.yaml',
    directory: '/',
    hash: 'abcd1234',
    mesh: { apiVersion: 'tulle.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'm' }, spec: {} },
    items: resources.map((resource) => applicable(resource, { [OWNED_BY]: 'abcd1234' })),
    warnings: [],
  });

  const upVerbs = async (...resources: Resource[]): Promise<string[]> =>
    (await applyMeshFile(client, file(...resources))).map(({ item, verb }) => `${item.name} ${verb}`);

  test('removes what is no longer in it', async () => {
    await upVerbs(service('a-service'), service('b-service'));
    expect(await upVerbs(service('a-service'))).toEqual(['a-service unchanged']);
    await expect(get('Service', 'b-service')).rejects.toThrow(/not found/);
  });

  test('keeps what is no longer in it but was changed by somebody else', async () => {
    await upVerbs(service('a-service'));
    await client.patch(kindOf('Service'), 'default', 'a-service', { spec: { sessionAffinity: 'ClientIP' } });
    expect(await upVerbs()).toEqual(['a-service kept']);
    expect(await get('Service', 'a-service')).toBeDefined();
  });

  test('leaves others’ changes in place while it says what it said', async () => {
    await upVerbs(virtualService(75));
    await client.patch(kindOf('VirtualService'), 'default', 'reviews', { spec: { hosts: ['other'] } });
    expect(await upVerbs(virtualService(75))).toEqual(['reviews unchanged']);
    expect(await get('VirtualService', 'reviews')).toMatchObject({ spec: { hosts: ['other'] } });
  });

  test('brings in only what has changed in the file', async () => {
    await upVerbs(virtualService(75));
    await client.patch(kindOf('VirtualService'), 'default', 'reviews', { spec: { hosts: ['other'] } });
    expect(await upVerbs(virtualService(50))).toEqual(['reviews configured']);
    expect(await get('VirtualService', 'reviews')).toMatchObject({
      spec: { hosts: ['other'], http: [{ route: [{ weight: 50 }, { weight: 50 }] }] },
    });
  });

  test('does not touch what somebody has applied', async () => {
    await upVerbs(virtualService(75));
    expect(await verbs(virtualService(10))).toEqual(['reviews configured']);
    expect(await upVerbs(virtualService(75))).toEqual(['reviews kept']);
    expect(await get('VirtualService', 'reviews')).toMatchObject({
      spec: { http: [{ route: [{ weight: 10 }, {}] }] },
    });
  });
});

function kindOf(kind: string) {
  const found = findKind(kind === 'Service' ? 'v1' : 'networking.istio.io/v1', kind);
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return found;
}

function get(kind: string, name: string): Promise<Resource> {
  return client.get(kindOf(kind), 'default', name);
}

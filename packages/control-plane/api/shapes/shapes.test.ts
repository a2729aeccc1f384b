import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  refusal,
  startTestServer,
  type TestServer,
  virtualService,
  virtualServices,
} from '../server.fixture.ts';
import { humanDuration } from './human-duration.ts';

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
  await api.resources.create(virtualService('reviews', { namespace: 'a', labels: { app: 'x' } }));
  api.clock.advance(200_000);
});
afterAll(() => api.close());

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

describe('Table', () => {
  test('has a name column, the columns of the kind and the age', async () => {
    const { body } = await api.call('GET', virtualServices, undefined, {
      accept: `${table},application/json`,
    });
    expect(body).toMatchObject({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: expect.any(String) },
    });
    const columns = body.columnDefinitions.map(({ name }: { name: string }) => name);
    expect(columns[0]).toBe('Name');
    expect(columns).toEqual(expect.arrayContaining(['Hosts', 'Age']));
    const [{ cells, object }] = body.rows;
    expect(cells[0]).toBe('reviews');
    expect(cells[columns.indexOf('Hosts')]).toBe('["reviews"]');
    expect(cells[columns.indexOf('Age')]).toBe('3m20s');
    expect(object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'reviews' } });
    expect(object).not.toHaveProperty('spec');
  });

  test('of one object, with what includeObject says', async () => {
    const get = async (include: string) =>
      (
        await api.call('GET', `${virtualServices}/reviews?includeObject=${include}`, undefined, {
          accept: table,
        })
      ).body;
    expect((await get('None')).rows[0]).not.toHaveProperty('object');
    expect((await get('Object')).rows[0].object.spec.hosts).toEqual(['reviews']);
    const refused = await api.call('GET', `${virtualServices}/reviews?includeObject=Some`, undefined, {
      accept: table,
    });
    expect(refused.code).toBe(400);
  });
});

test('PartialObjectMetadata, alone and as list', async () => {
  const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
  const list = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
  const one = (await api.call('GET', `${virtualServices}/reviews`, undefined, { accept: partial })).body;
  expect(one).toMatchObject({
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { labels: { app: 'x' } },
  });
  expect(Object.keys(one).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
  const all = (await api.call('GET', virtualServices, undefined, { accept: list })).body;
  expect(all).toMatchObject({
    kind: 'PartialObjectMetadataList',
    items: [{ metadata: { name: 'reviews' } }],
  });
});

test('the Accept header chooses in order, and what we have not is 406', async () => {
  const get = (accept: string) => api.call('GET', `${virtualServices}/reviews`, undefined, { accept });
  expect((await get('application/vnd.kubernetes.protobuf,application/json')).body.kind).toBe(
    'VirtualService',
  );
  expect((await get('application/json;q=0.1,application/json;as=Table;v=v1;g=meta.k8s.io')).body.kind).toBe(
    'Table',
  );
  expect((await get('application/json;as=Table;v=v1beta1;g=meta.k8s.io,*/*')).body.kind).toBe(
    'VirtualService',
  );
  expect(refusal(await get('application/vnd.kubernetes.protobuf'))).toMatch(/^406 NotAcceptable/);
});

test('ages read as kubectl writes them', () => {
  const seconds = (n: number): string => humanDuration(n * 1000);
  const day = 86_400;
  const table = [
    -5,
    0,
    119,
    120,
    599,
    600,
    10_799,
    10_800,
    28_800,
    172_800,
    180_000,
    8 * day,
    730 * day,
    3000 * day,
  ];
  expect(table.map(seconds)).toEqual([
    '<invalid>',
    '0s',
    '119s',
    '2m',
    '9m59s',
    '10m',
    '179m',
    '3h',
    '8h',
    '2d',
    '2d2h',
    '8d',
    '2y',
    '8y',
  ]);
});

describe('discovery', () => {
  test('legacy documents', async () => {
    expect((await api.call('GET', '/api')).body).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    const groups = (await api.call('GET', '/apis')).body.groups;
    const istio = groups.find(({ name }: { name: string }) => name === 'networking.istio.io');
    expect(istio.versions.map(({ version }: { version: string }) => version)).toEqual([
      'v1',
      'v1beta1',
      'v1alpha3',
    ]);
    expect((await api.call('GET', '/apis/networking.istio.io')).body).toEqual(istio);
    const { body } = await api.call('GET', '/apis/networking.istio.io/v1beta1');
    expect(body).toMatchObject({ kind: 'APIResourceList', groupVersion: 'networking.istio.io/v1beta1' });
    const names = body.resources.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['virtualservices', 'virtualservices/status']));
    const core = (await api.call('GET', '/api/v1')).body.resources;
    expect(core).toContainEqual({
      name: 'serviceaccounts/token',
      singularName: '',
      namespaced: true,
      group: 'authentication.k8s.io',
      version: 'v1',
      kind: 'TokenRequest',
      verbs: ['create'],
    });
  });

  test('aggregated documents', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const answer = await api.call('GET', '/apis', undefined, { accept });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json;.*as="?APIGroupDiscoveryList/);
    expect(answer.body).toMatchObject({
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2',
    });
    const tulle = answer.body.items.find(
      ({ metadata }: { metadata: { name: string } }) => metadata.name === 'tulle.dev',
    );
    const registrations = tulle.versions[0].resources.find(
      ({ resource }: { resource: string }) => resource === 'registrations',
    );
    expect(registrations).toMatchObject({
      scope: 'Namespaced',
      responseKind: { group: 'tulle.dev', version: 'v1alpha1', kind: 'Registration' },
      verbs: ['get', 'list', 'watch'],
      subresources: [{ subresource: 'status', verbs: ['get', 'patch', 'update'] }],
    });
    const core = (await api.call('GET', '/api', undefined, { accept })).body;
    expect(core.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(['']);
  });

  test('version', async () => {
    expect((await api.call('GET', '/version')).body).toMatchObject({ major: '1', minor: '34' });
  });
});

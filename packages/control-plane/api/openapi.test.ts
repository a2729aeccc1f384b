import { BinaryReader } from '@bufbuild/protobuf/wire';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer, token } from './server.fixture.ts';

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api.close());

/** Every `$ref` in a document. */
const refsOf = (document: unknown): string[] =>
  [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref);

test('v3 has a document per group version, and all that one refers to is in it', async () => {
  const { paths } = (await api.call('GET', '/openapi/v3')).body;
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(['api/v1', 'apis/networking.istio.io/v1alpha3', 'apis/tulle.dev/v1alpha1']),
  );
  for (const { serverRelativeURL } of Object.values(paths) as { serverRelativeURL: string }[]) {
    const { code, body } = await api.call('GET', serverRelativeURL);
    expect(code).toBe(200);
    expect(body.openapi).toBe('3.0.0');
    for (const ref of refsOf(body))
      expect(Object.keys(body.components.schemas)).toContain(ref.split('/').at(-1));
  }
  expect((await api.call('GET', '/openapi/v3/apis/none/v1')).code).toBe(404);
});

test('v3 tells kubectl that writes know fieldValidation and dryRun', async () => {
  const { body } = await api.call('GET', '/openapi/v3/apis/networking.istio.io/v1');
  const { patch, get, put } =
    body.paths['/apis/networking.istio.io/v1/namespaces/{namespace}/virtualservices/{name}'];
  const names = patch.parameters.map(({ name }: { name: string }) => name);
  expect(names).toEqual(expect.arrayContaining(['fieldValidation', 'dryRun']));
  expect(patch['x-kubernetes-group-version-kind']).toEqual({
    group: 'networking.istio.io',
    version: 'v1',
    kind: 'VirtualService',
  });
  expect(get['x-kubernetes-action']).toBe('get');
  expect(put.requestBody.content['application/json'].schema.$ref).toMatch(/VirtualService$/);
  const registrations = (await api.call('GET', '/openapi/v3/apis/tulle.dev/v1alpha1')).body.paths;
  const item = '/apis/tulle.dev/v1alpha1/namespaces/{namespace}/registrations/{name}';
  expect(Object.keys(registrations[item])).toEqual(['get']);
  expect(Object.keys(registrations[`${item}/status`])).toEqual(['get', 'put', 'patch']);
});

test('v2 is one document whose references resolve', async () => {
  const { body } = await api.call('GET', '/openapi/v2');
  expect(body.swagger).toBe('2.0');
  for (const ref of refsOf(body)) {
    expect(ref).toMatch(/^#\/definitions\//);
    expect(Object.keys(body.definitions)).toContain(ref.slice('#/definitions/'.length));
  }
});

test('v2 comes as protobuf for clients that read only that', async () => {
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
  const answer = await fetch(`${api.server.url}/openapi/v2`, {
    headers: { accept, authorization: `Bearer ${token}` },
  });
  const reader = new BinaryReader(new Uint8Array(await answer.arrayBuffer()));
  const fields: number[] = [];
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    fields.push(field);
    reader.skip(wire, field);
  }
  expect(fields).toEqual([1, 2, 8, 9]);
});

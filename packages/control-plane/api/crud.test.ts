import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  configMap,
  configMaps,
  refusal,
  startTestServer,
  type TestServer,
  token,
  virtualService,
  virtualServices,
} from './server.fixture.ts';

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api.close());

describe('creating', () => {
  test('answers 201 with what the system adds', async () => {
    const { code, body } = await api.call('POST', virtualServices, virtualService('created'));
    expect(code).toBe(201);
    expect(body).toMatchObject({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: {
        name: 'created',
        namespace: 'a',
        generation: 1,
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        creationTimestamp: '2026-01-01T00:00:00Z',
        resourceVersion: expect.stringMatching(/^\d+$/),
      },
      spec: virtualService('').spec,
    });
    expect((await api.call('GET', `${virtualServices}/created`)).body).toEqual(body);
  });

  test('any version is an alias: read and written under each, one object', async () => {
    const alpha = virtualServices.replace('/v1/', '/v1alpha3/');
    const sent = { ...virtualService('aliased'), apiVersion: 'networking.istio.io/v1alpha3' };
    expect((await api.call('POST', alpha, sent)).body.apiVersion).toBe('networking.istio.io/v1alpha3');
    const beta = await api.call('GET', `${virtualServices.replace('/v1/', '/v1beta1/')}/aliased`);
    expect(beta.body.apiVersion).toBe('networking.istio.io/v1beta1');
    expect((await api.call('POST', virtualServices, virtualService('aliased'))).code).toBe(409);
  });

  test('fills in apiVersion and kind, refuses those of others', async () => {
    const { apiVersion, kind, ...rest } = virtualService('bare');
    expect((await api.call('POST', virtualServices, rest)).code).toBe(201);
    const wrongVersion = { ...virtualService('x'), apiVersion: 'v1' };
    expect(refusal(await api.call('POST', virtualServices, wrongVersion))).toBe(
      '400 BadRequest: the API version in the data (v1) does not match the expected API version (networking.istio.io/v1)',
    );
    const wrongKind = { ...virtualService('x'), kind: 'Service' };
    expect((await api.call('POST', virtualServices, wrongKind)).code).toBe(400);
  });

  test('makes names from generateName', async () => {
    const names = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const { body } = await api.call('POST', configMaps, configMap('', {}, { generateName: 'made-' }));
      expect(body.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
      names.add(body.metadata.name);
    }
    expect(names.size).toBe(5);
    expect(refusal(await api.call('POST', configMaps, configMap('')))).toBe(
      '422 Invalid: ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    );
  });

  test('refuses what exists, a missing namespace, another namespace, a resourceVersion', async () => {
    await api.call('POST', configMaps, configMap('twice'));
    expect(refusal(await api.call('POST', configMaps, configMap('twice')))).toBe(
      '409 AlreadyExists: configmaps "twice" already exists',
    );
    expect(refusal(await api.call('POST', '/api/v1/namespaces/none/configmaps', configMap('x')))).toBe(
      '404 NotFound: namespaces "none" not found',
    );
    expect((await api.call('POST', configMaps, configMap('x', {}, { namespace: 'b' }))).code).toBe(400);
    expect((await api.call('POST', configMaps, configMap('x', {}, { resourceVersion: '3' }))).code).toBe(400);
  });

  test('names every problem, as causes with their fields', async () => {
    const bad = virtualService('bad', {}, { hosts: 7, http: [{ timeout: 'soon' }] });
    const { code, body } = await api.call('POST', virtualServices, bad);
    expect(code).toBe(422);
    expect(body.message).toMatch(/^VirtualService\.networking\.istio\.io "bad" is invalid: \[/);
    const fields = body.details.causes.map(({ field }: { field: string }) => field);
    expect(fields).toEqual(expect.arrayContaining(['spec.hosts', 'spec.http[0].timeout']));
    expect(body.details).toMatchObject({ name: 'bad', group: 'networking.istio.io', kind: 'VirtualService' });
  });

  test('unknown fields: an error under Strict, a warning and dropped under Warn, dropped under Ignore', async () => {
    const typo = virtualService('typo', {}, { htttp: [] });
    const strict = await api.call('POST', `${virtualServices}?fieldValidation=Strict`, typo);
    expect(refusal(strict)).toMatch(/^400 BadRequest: .*strict decoding error: unknown field "spec\.htttp"/);
    const warned = await api.call('POST', virtualServices, typo);
    expect(warned.code).toBe(201);
    expect(warned.headers.get('warning')).toMatch(/^299 - ".*spec\.htttp/);
    expect(warned.body.spec).not.toHaveProperty('htttp');
    const ignored = await api.call('POST', `${virtualServices}?fieldValidation=Ignore`, {
      ...typo,
      metadata: { name: 'typo2' },
    });
    expect(ignored.code).toBe(201);
    expect(ignored.headers.get('warning')).toBeNull();
    expect((await api.call('POST', `${virtualServices}?fieldValidation=Some`, typo)).code).toBe(400);
  });

  test('the value of a patch that is none of Envoy’s: an error, or a warning when Istio takes it', async () => {
    const envoyFilters = '/apis/networking.istio.io/v1alpha3/namespaces/a/envoyfilters';
    const envoyFilter = (name: string, value: object) => ({
      metadata: { name },
      spec: { configPatches: [{ applyTo: 'CLUSTER', patch: { operation: 'MERGE', value } }] },
    });
    const wrong = await api.call('POST', envoyFilters, envoyFilter('wrong', { name: 7 }));
    expect(refusal(wrong)).toContain('spec.configPatches[0].patch.value.name: expected string, got 7');
    const more = await api.call('POST', envoyFilters, envoyFilter('more', { nam: 'a' }));
    expect(more.code).toBe(201);
    expect(more.headers.get('warning')).toMatch(/patch\.value\.nam: .*; did you mean name\?"$/);
  });

  test('a field that stands twice is an error under Strict, else a warning', async () => {
    const text = '{"metadata":{"name":"dup"},"data":{"a":"1","a":"2"}}';
    const strict = await api.call('POST', `${configMaps}?fieldValidation=Strict`, text);
    expect(refusal(strict)).toBe('400 BadRequest: strict decoding error: duplicate field "data.a"');
    const warned = await api.call('POST', configMaps, text);
    expect(warned.headers.get('warning')).toBe('299 - "duplicate field \\"data.a\\""');
  });

  test('dryRun does everything but the write', async () => {
    const { code, body } = await api.call('POST', `${configMaps}?dryRun=All`, configMap('dry'));
    expect([code, body.metadata.name]).toEqual([201, 'dry']);
    expect((await api.call('GET', `${configMaps}/dry`)).code).toBe(404);
    expect((await api.call('POST', `${configMaps}?dryRun=Some`, configMap('dry'))).code).toBe(400);
  });

  test("a Secret's stringData becomes data", async () => {
    const path = '/api/v1/namespaces/a/secrets';
    const { body } = await api.call('POST', path, { metadata: { name: 's' }, stringData: { key: 'välue' } });
    expect(body).toMatchObject({ type: 'Opaque', data: { key: Buffer.from('välue').toString('base64') } });
    expect(body).not.toHaveProperty('stringData');
  });
});

describe('updating', () => {
  test('raises the generation for the spec, not for metadata or status', async () => {
    const created = (await api.call('POST', virtualServices, virtualService('gen'))).body;
    const path = `${virtualServices}/gen`;
    created.metadata.labels = { app: 'x' };
    const labelled = (await api.call('PUT', path, created)).body;
    expect(labelled.metadata).toMatchObject({ generation: 1, labels: { app: 'x' } });
    labelled.spec.hosts = ['ratings'];
    const changed = (await api.call('PUT', path, labelled)).body;
    expect(changed.metadata.generation).toBe(2);
    const condition = {
      type: 'Applied',
      status: 'True',
      reason: 'AllProxies',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const statused = { ...changed, spec: { hosts: ['ignored'] }, status: { conditions: [condition] } };
    const after = (await api.call('PUT', `${path}/status`, statused)).body;
    expect(after.metadata.generation).toBe(2);
    expect(after.spec.hosts).toEqual(['ratings']);
    expect(after.status.conditions).toHaveLength(1);
    const { status, ...withoutStatus } = after;
    withoutStatus.spec.hosts = ['details'];
    expect((await api.call('PUT', path, withoutStatus)).body.status).toEqual(status);
  });

  test('an update without a difference writes nothing', async () => {
    const created = (await api.call('POST', configMaps, configMap('same', { a: '1' }))).body;
    const before = api.store.revision();
    const again = await api.call('PUT', `${configMaps}/same`, configMap('same', { a: '1' }));
    expect(again.body).toEqual(created);
    expect(api.store.revision()).toBe(before);
  });

  test('needs the version that it replaces, unless the kind is a core one', async () => {
    const created = (await api.call('POST', virtualServices, virtualService('locked'))).body;
    const path = `${virtualServices}/locked`;
    expect(refusal(await api.call('PUT', path, virtualService('locked', {}, { hosts: ['x'] })))).toContain(
      'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    );
    const next = { ...created, spec: { ...created.spec, hosts: ['x'] } };
    expect((await api.call('PUT', path, next)).code).toBe(200);
    expect(refusal(await api.call('PUT', path, { ...next, spec: { ...created.spec, hosts: ['y'] } }))).toBe(
      '409 Conflict: Operation cannot be fulfilled on virtualservices.networking.istio.io "locked": the object has been modified; please apply your changes to the latest version and try again',
    );
    await api.call('POST', configMaps, configMap('blind'));
    expect((await api.call('PUT', `${configMaps}/blind`, configMap('blind', { a: '1' }))).code).toBe(200);
  });

  test("does not let the system's metadata be changed", async () => {
    const { metadata } = (await api.call('POST', configMaps, configMap('mine'))).body;
    const given = { creationTimestamp: '1999-01-01T00:00:00Z', generation: 77 };
    const { body } = await api.call('PUT', `${configMaps}/mine`, configMap('mine', { a: '1' }, given));
    expect(body.metadata).toMatchObject({ ...metadata, generation: 2, resourceVersion: expect.any(String) });
    const otherUid = configMap('mine', {}, { uid: '11111111-1111-1111-1111-111111111111' });
    expect((await api.call('PUT', `${configMaps}/mine`, otherUid)).code).toBe(409);
    expect((await api.call('PUT', `${configMaps}/mine`, configMap('other'))).code).toBe(400);
    expect((await api.call('PUT', `${configMaps}/absent`, configMap('absent'))).code).toBe(404);
  });

  test('a kind that only the control plane writes is refused but for its status', async () => {
    const path = '/apis/tulle.dev/v1alpha1/namespaces/a/registrations';
    expect((await api.call('POST', path, { metadata: { name: 'r' } })).code).toBe(405);
    expect((await api.call('DELETE', `${path}/r`)).code).toBe(405);
    expect((await api.call('DELETE', path)).code).toBe(405);
    const patch = { status: { ready: true } };
    const type = { 'content-type': 'application/merge-patch+json' };
    expect((await api.call('PATCH', `${path}/r/status`, patch, type)).code).toBe(404);
    expect((await api.call('PATCH', `${path}/r`, patch, type)).code).toBe(405);
  });
});

describe('deleting', () => {
  test('answers a Status that names what went', async () => {
    const { metadata } = (await api.call('POST', configMaps, configMap('gone'))).body;
    const { code, body } = await api.call('DELETE', `${configMaps}/gone`);
    expect(code).toBe(200);
    const details = { name: 'gone', kind: 'configmaps', uid: metadata.uid };
    expect(body).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
    expect(refusal(await api.call('DELETE', `${configMaps}/gone`))).toBe(
      '404 NotFound: configmaps "gone" not found',
    );
  });

  test('keeps to preconditions and dry runs', async () => {
    const { metadata } = (await api.call('POST', configMaps, configMap('kept'))).body;
    const options = (preconditions: object) => ({ kind: 'DeleteOptions', apiVersion: 'v1', preconditions });
    expect((await api.call('DELETE', `${configMaps}/kept`, options({ uid: 'other' }))).code).toBe(409);
    expect((await api.call('DELETE', `${configMaps}/kept`, options({ resourceVersion: '1' }))).code).toBe(
      409,
    );
    expect((await api.call('DELETE', `${configMaps}/kept`, { dryRun: ['All'] })).code).toBe(200);
    const { uid, resourceVersion } = metadata;
    expect((await api.call('DELETE', `${configMaps}/kept`, options({ uid, resourceVersion }))).code).toBe(
      200,
    );
  });

  test('waits for finalizers, and goes with the last of them', async () => {
    await api.call(
      'POST',
      configMaps,
      configMap('held', {}, { finalizers: ['tulle.dev/one', 'tulle.dev/two'] }),
    );
    const path = `${configMaps}/held`;
    const ending = (await api.call('DELETE', path)).body;
    expect(ending.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:00Z', generation: 1 });
    expect((await api.call('DELETE', path)).body).toEqual(ending);
    const type = { 'content-type': 'application/merge-patch+json' };
    const more = { metadata: { finalizers: ['tulle.dev/one', 'tulle.dev/two', 'tulle.dev/new'] } };
    expect(refusal(await api.call('PATCH', path, more, type))).toContain('no new finalizers can be added');
    expect((await api.call('PATCH', path, { metadata: { finalizers: ['tulle.dev/two'] } }, type)).code).toBe(
      200,
    );
    expect((await api.call('GET', path)).code).toBe(200);
    expect((await api.call('PATCH', path, { metadata: { finalizers: null } }, type)).code).toBe(200);
    expect((await api.call('GET', path)).code).toBe(404);
  });

  test('deletes a collection by selector', async () => {
    for (const [name, app] of [
      ['one', 'x'],
      ['two', 'x'],
      ['three', 'y'],
    ] as const)
      await api.call('POST', configMaps, configMap(`many-${name}`, {}, { labels: { many: app } }));
    const { body } = await api.call('DELETE', `${configMaps}?labelSelector=many%3Dx`);
    expect(body.kind).toBe('ConfigMapList');
    expect(body.items).toHaveLength(2);
    const left = await api.call('GET', `${configMaps}?labelSelector=many`);
    expect(left.body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual([
      'many-three',
    ]);
    expect((await api.call('DELETE', '/api/v1/configmaps')).code).toBe(405);
  });
});

describe('at the door', () => {
  test('every path but the probes needs the token', async () => {
    for (const authorization of [
      '',
      'Bearer wrong-token-of-some-length',
      `Basic ${token}`,
      `Bearer ${token}x`,
    ]) {
      const answer = await api.call('GET', '/api/v1/namespaces', undefined, { authorization });
      expect(refusal(answer)).toBe('401 Unauthorized: Unauthorized');
    }
    expect((await api.call('GET', '/nowhere', undefined, { authorization: '' })).code).toBe(401);
    for (const path of ['/healthz', '/livez', '/readyz'])
      expect((await api.call('GET', path, undefined, { authorization: '' })).body).toBe('ok');
  });

  test('refuses what is too big, too deep, no JSON, or reaches for a prototype', async () => {
    for (const megabytes of [4, 40])
      expect((await api.call('POST', configMaps, 'x'.repeat(megabytes * 1024 * 1024))).code).toBe(413);
    expect((await api.call('POST', configMaps, `${'['.repeat(5000)}${']'.repeat(5000)}`)).code).toBe(400);
    expect((await api.call('POST', configMaps, '{')).code).toBe(400);
    expect((await api.call('POST', configMaps, '[]')).code).toBe(400);
    expect(
      (await api.call('POST', configMaps, '{"metadata":{"name":"p"},"data":{"__proto__":"x"}}')).code,
    ).toBe(400);
    expect(
      (await api.call('POST', configMaps, '{"metadata":{"name":"p"},"data":{"\\u005f_proto__":"x"}}')).code,
    ).toBe(400);
    expect((await api.call('POST', configMaps, 'a: b', { 'content-type': 'application/yaml' })).code).toBe(
      415,
    );
  });

  test('unknown paths are a Status of 404, other methods of 405', async () => {
    for (const path of [
      '/apis/none/v1',
      '/api/v2',
      '/api/v1/nothings',
      `${configMaps}/x/scale`,
      '/x',
      '/api/v1/%ff',
    ])
      expect(refusal(await api.call('GET', path))).toBe(
        '404 NotFound: the server could not find the requested resource',
      );
    expect((await api.call('PUT', configMaps, configMap('x'))).code).toBe(405);
    expect((await api.call('POST', `${configMaps}/x`, configMap('x'))).code).toBe(405);
  });
});

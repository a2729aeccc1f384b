import { describe, expect, test } from 'vitest';
import { formatProblem } from './problem.ts';
import { validateResource } from './validate.ts';

const virtualService = (http: object, extra: object = {}) => ({
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'VirtualService',
  metadata: { name: 'reviews' },
  spec: { hosts: ['reviews'], http: [http] },
  ...extra,
});
const route = [{ destination: { host: 'reviews' } }];
const messages = (object: unknown) => validateResource(object).problems.map(formatProblem);

test('a valid resource comes back with its kind', () => {
  const given = virtualService({ route });
  const { resource, kind, problems } = validateResource(given);
  expect(problems).toEqual([]);
  expect(resource).toEqual(given);
  expect(kind?.plural).toBe('virtualservices');
});

test('all mistakes are found, not only the first', () => {
  expect(messages(virtualService({ rout: route, timeout: '5 s', retries: { attempts: 'three' } }))).toEqual([
    'spec.http[0].timeout: must be a duration, such as "1s", "250ms" or "1m30s", not "5 s"',
    'spec.http[0].retries.attempts: must be an integer, not the string "three"',
    'spec.http[0].rout: unknown field; did you mean "route"?',
  ]);
});

describe('nulls', () => {
  test('mean absent in metadata, status and Kubernetes’ own kinds', () => {
    const { resource } = validateResource({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', creationTimestamp: null, labels: null },
      data: null,
    });
    expect(resource).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
  });
  test('are kept where Istio’s API says nullable, and refused elsewhere', () => {
    const retries = { attempts: 2, retryRemoteLocalities: null };
    expect(validateResource(virtualService({ route, retries })).resource?.spec).toMatchObject({
      http: [{ retries }],
    });
    expect(messages(virtualService({ route, timeout: null }))).toEqual([
      'spec.http[0].timeout: must be a duration such as "1s", not null (empty)',
    ]);
  });
});

test('the input is not changed, and undefined fields are left out', () => {
  const given = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a', labels: undefined } };
  const before = structuredClone(given);
  const { resource } = validateResource(given);
  expect(given).toEqual(before);
  expect(Object.keys(resource?.metadata ?? {})).toEqual(['name']);
});

test('fields that do nothing yet are named in a warning, at their place', () => {
  const { resource, problems } = validateResource({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'a' },
    spec: { finalizers: ['kubernetes'] },
  });
  expect(resource).toBeDefined();
  expect(problems).toEqual([
    {
      severity: 'warning',
      code: 'not-enforced',
      path: 'spec.finalizers',
      message: 'is accepted but has no effect here yet: a namespace is deleted at once',
    },
  ]);
});

test.each([
  ['apps/v1', 'Deployment', 'foreign-kind'],
  ['argoproj.io/v1alpha1', 'Rollout', 'foreign-kind'],
  ['gateway.networking.k8s.io/v1', 'Gateway', 'foreign-kind'],
  ['serving.knative.dev/v1', 'Service', 'foreign-kind'],
  ['security.istio.io/v1', 'AuthorizationPolicy', 'foreign-kind'],
  ['v1', 'Pod', 'foreign-kind'],
  ['v1', 'Servce', 'unknown-kind'],
  ['networking.istio.io/v1', 'Telemetry', 'unknown-kind'],
  ['networkin.istio.io/v1', 'VirtualService', 'unknown-version'],
  ['networking.istio.io/v1beta1', 'EnvoyFilter', 'unknown-version'],
  ['apps/v1', 'Service', 'unknown-version'],
])('%s %s: somebody else’s, or a mistake', (apiVersion, kind, code) => {
  const { problems } = validateResource({ apiVersion, kind, metadata: { name: 'a' } });
  expect(problems.map((problem) => problem.code)).toEqual([code]);
});

test('names that reach prototypes are refused, and nothing is polluted', () => {
  const attack = JSON.parse(
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"__proto__":{"polluted":"yes"}}}}',
  ) as unknown;
  expect(messages(attack)).toEqual(['metadata.labels.__proto__: is a reserved name and cannot be a field']);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('a status from elsewhere is no obstacle', () => {
  const status = {
    conditions: [{ type: 'Reconciled', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    anything: { else: 1 },
  };
  expect(messages(virtualService({ route }, { status }))).toEqual([]);
});

test('all versions of a kind are one schema', () => {
  for (const version of ['v1', 'v1beta1', 'v1alpha3']) {
    expect(messages({ ...virtualService({ route }), apiVersion: `networking.istio.io/${version}` })).toEqual(
      [],
    );
  }
});

test.each([
  undefined,
  null,
  1,
  'x',
  [],
  {},
  { kind: 5 },
  { kind: 'Service', apiVersion: 5 },
  { kind: 'Service', apiVersion: 'v1', metadata: [] },
])('never throws: %j', (object) => {
  const { resource, problems } = validateResource(object);
  expect(resource).toBeUndefined();
  expect(problems.length).toBeGreaterThan(0);
});

test('an object as deep as the stack is refused, not followed', () => {
  let deep: unknown = 'x';
  for (let i = 0; i < 100_000; i++) deep = { deep };
  expect(messages({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: deep })).toHaveLength(
    1,
  );
});

import type { ApplyTo } from '@tulle/resources/istio/envoy-filter/kind';
import { parseResources } from '@tulle/resources/parse';
import { formatProblem } from '@tulle/resources/problem';
import { expect, test } from 'vitest';
import { checkPatchValues } from './check-values.ts';

const text = (applyTo: ApplyTo, value: object, operation = 'MERGE'): string =>
  JSON.stringify({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'a' },
    spec: { configPatches: [{ applyTo, patch: { operation, value } }] },
  });

const read = (input: string) => parseResources(input, { file: 'a.yaml', check: checkPatchValues }).documents;

/** What is said of a value: `error path: message`, with paths from the value on. */
const said = (applyTo: ApplyTo, value: object, operation?: string): string[] =>
  read(text(applyTo, value, operation)).flatMap(({ problems }) =>
    problems.map(
      ({ severity, path, message }) =>
        `${severity} ${path.replace(/^spec\.configPatches\[0\]\.patch\.value\.?/, '')}: ${message}`,
    ),
  );

const typed = (type: string, fields: object = {}) => ({
  name: 'a',
  typed_config: { '@type': `type.googleapis.com/${type}`, ...fields },
});
const fault = 'envoy.extensions.filters.http.fault.v3.HTTPFault';

test('a value as Envoy has it', () => {
  expect(
    said('CLUSTER', { connect_timeout: '1s', lbPolicy: 'RANDOM', max_requests_per_connection: 1 }),
  ).toEqual([]);
  expect(said('HTTP_FILTER', typed(fault, { abort: { http_status: 503 } }), 'ADD')).toEqual([]);
});

test.each<readonly [ApplyTo, object, string]>([
  ['CLUSTER', { connect_timeout: 'soon' }, 'error connect_timeout: '],
  [
    'CLUSTER',
    { circuit_breakers: [] },
    'error circuit_breakers: must be an object (envoy.config.cluster.v3.CircuitBreakers)',
  ],
  [
    'CLUSTER',
    { circuit_breakers: { thresholds: [{ max_requests: 'many' }] } },
    'error circuit_breakers.thresholds[0].max_requests: expected number (uint32), got "many"',
  ],
  ['LISTENER', { filter_chains: {} }, 'error filter_chains: must be a list'],
  ['BOOTSTRAP', { stats_flush_interval: 1 }, 'error stats_flush_interval: '],
  ['HTTP_FILTER', { name: 'a', typed_config: 'x' }, 'error typed_config: must be an object with "@type"'],
  ['HTTP_FILTER', typed(fault, { abort: 1 }), 'error typed_config.abort: must be an object'],
  [
    'HTTP_FILTER',
    typed('envoy.config.filter.http.lua.v2.Lua'),
    'error typed_config["@type"]: envoy.config.filter.http.lua.v2.Lua is of Envoy’s API v2, which is gone; it is envoy.extensions.filters.http.lua.v3.Lua now',
  ],
])('what Istio refuses is an error: %s %j', (applyTo, value, expected) => {
  const found = said(applyTo, value);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(expected);
  expect(read(text(applyTo, value))[0]?.resource).toBeUndefined();
});

test.each<readonly [ApplyTo, object, string]>([
  [
    'CLUSTER',
    { conect_timeout: '1s' },
    'warning conect_timeout: envoy.config.cluster.v3.Cluster has no such field, so it is left out; did you mean connect_timeout?',
  ],
  ['CLUSTER', { lb_policy: 'RANDON' }, ', not RANDON, so it is left out; did you mean RANDOM?'],
  ['VIRTUAL_HOST', { retry_policy: { retriable_status: [503] } }, 'warning retry_policy.retriable_status: '],
  ['HTTP_FILTER', typed(fault, { abort: { http_statu: 503 } }), '; did you mean http_status?'],
  [
    'HTTP_FILTER',
    typed('envoy.extensions.filters.http.fault.v3.HTTPFalt'),
    `is not known here, so only Envoy checks it; did you mean ${fault}?`,
  ],
  [
    'HTTP_FILTER',
    typed('example.com.Own'),
    'warning typed_config["@type"]: example.com.Own is not known here',
  ],
  [
    'HTTP_FILTER',
    { name: 'a', typed_config: { abort: {} } },
    'warning typed_config: left out: must be an object',
  ],
  [
    'HTTP_FILTER',
    typed('xds.type.v3.TypedStruct', { type_url: fault, value: { abort: 1 } }),
    'warning typed_config.value.abort: left out: must be an object',
  ],
])('what Istio takes is a warning: %s %j', (applyTo, value, expected) => {
  const found = said(applyTo, value);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(expected);
  expect(found[0]).toMatch(/^warning /);
  expect(read(text(applyTo, value))[0]?.resource).toBeDefined();
});

test('the value of a REMOVE is looked at, as by Istio; other kinds have none', () => {
  expect(said('CLUSTER', { name: 1 }, 'REMOVE')[0]).toMatch(/^error name: /);
  expect(checkPatchValues({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' } })).toEqual([]);
});

test('each is said with its place, in a list too', () => {
  const input = `apiVersion: v1
kind: List
items:
- apiVersion: networking.istio.io/v1alpha3
  kind: EnvoyFilter
  metadata: { name: a }
  spec:
    configPatches:
    - applyTo: CLUSTER
      patch:
        operation: MERGE
        value:
          conect_timeout: 1s
          name: 7
`;
  const problems = read(input).flatMap((document) => document.problems.map(formatProblem));
  const value = 'items[0].spec.configPatches[0].patch.value';
  expect(problems[0]).toContain(`a.yaml:13:11 ${value}.conect_timeout: `);
  expect(problems[1]).toContain(`a.yaml:14:17 ${value}.name: expected string, got 7`);
  expect(problems).toHaveLength(2);
});

import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { validateResource } from '../../validate.ts';

function problems(patch: string): string[] {
  const resource = {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'a', namespace: 'b' },
    spec: { configPatches: [parse(patch)] },
  };
  return validateResource(resource).problems.map(({ path, message }) => `${path}: ${message}`);
}

const manager = 'envoy.filters.network.http_connection_manager';

test.each([
  ['{ patch: { operation: REMOVE } }', 'spec.configPatches[0].applyTo: must say what is patched'],
  ['{ applyTo: CLUSTER }', 'spec.configPatches[0].patch: is required (object)'],
  [
    '{ applyTo: CLUSTER, patch: { operation: ADD } }',
    'spec.configPatches[0].patch.value: is required with operation: ADD',
  ],
  [
    '{ applyTo: CLUSTER, match: { listener: {} }, patch: { operation: REMOVE } }',
    'spec.configPatches[0].match.listener: has no meaning for CLUSTER: match by cluster',
  ],
  [
    '{ applyTo: CLUSTER, match: { proxy: { proxyVersion: "(" } }, patch: { operation: REMOVE } }',
    'spec.configPatches[0].match.proxy.proxyVersion: missing ")"',
  ],
  [
    '{ applyTo: HTTP_FILTER, match: { listener: { filterChain: { filter: { name: a, subFilter: { name: b } } } } }, patch: { operation: REMOVE } }',
    `spec.configPatches[0].match.listener.filterChain.filter.subFilter: needs the filter ${manager}, not a`,
  ],
  [
    '{ applyTo: HTTP_FILTER, match: { listener: { filterChain: { filter: { name: envoy.http_connection_manager, subFilter: { name: envoy.router } } } } }, patch: { operation: REMOVE } }',
    'spec.configPatches[0].match.listener.filterChain.filter.subFilter.name: is an old name; use envoy.filters.http.router',
  ],
  [
    '{ applyTo: CLUSTER, patch: { operation: REPLACE, value: {} } }',
    'spec.configPatches[0].patch.operation: REPLACE has no effect on CLUSTER',
  ],
])('%s', (patch, problem) => {
  expect(problems(patch)).toContain(problem);
});

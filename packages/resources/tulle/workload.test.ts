import { expect, test } from 'vitest';
import { parseResources } from '../parse.ts';

/** Severity, path and code of what is found in a Workload's spec. */
function found(spec: string): string[] {
  const text = `apiVersion: tulle.dev/v1alpha1\nkind: Workload\nmetadata: { name: a }\nspec: ${spec}\n`;
  return parseResources(text).documents.flatMap(({ problems }) =>
    problems.map(({ severity, path, code }) => `${severity} ${path} ${code}`),
  );
}

test.each([
  ['{ command: [true] }', ['error spec.command[0] wrong-type']],
  ['{ command: [run] }', []],
  ['{}', ['error spec.command required']],
  ['{ role: gateway }', []],
  [
    '{ role: gateway, engine: envoy, replicas: 2, ports: [{ port: 8080 }], labels: { istio: egressgateway } }',
    [],
  ],
  [
    '{ role: gateway, command: [run], upstreams: [] }',
    ['error spec.command conflict', 'error spec.upstreams conflict'],
  ],
])('%s', (spec, expected) => expect(found(spec)).toEqual(expected));

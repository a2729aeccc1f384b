import { expect, test } from 'vitest';
import { parseResources } from '../../parse.ts';
import { formatProblem } from '../../problem.ts';

function problemsOf(text: string): string[] {
  const { documents } = parseResources(text, { file: 'istio.yaml' });
  return documents.flatMap(({ problems }) => problems.map(formatProblem));
}
const head = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: istio, namespace: istio-system }\ndata:\n';

test('the form of Istio’s ConfigMap is read', () => {
  const text = `${head}  meshNetworks: 'networks: {}'\n  mesh: |-
    accessLogFile: /dev/stdout
    defaultConfig:
      concurrency: 2
      terminationDrainDuration: 10s
    outboundTrafficPolicy:
      mode: REGISTRY_ONLY
`;
  expect(problemsOf(text)).toEqual([]);
});

test('what is wrong within data.mesh is told by its line and column in the file', () => {
  const text = `${head}  mesh: |
    # a comment

    outboundTrafficPolicy:
      mode: REGISTRY
    conectTimeout: 5s
    defaultConfig: { concurrency: two }
    enableTracing: true
`;
  expect(problemsOf(text)).toEqual([
    'istio.yaml:9:13 data.mesh.outboundTrafficPolicy.mode: must be one of ALLOW_ANY, REGISTRY_ONLY, not "REGISTRY"',
    'istio.yaml:10:5 data.mesh.conectTimeout: unknown field; did you mean "connectTimeout"?',
    'istio.yaml:11:35 data.mesh.defaultConfig.concurrency: must be an integer, not the string "two"',
  ]);
  const valid = text.replace('REGISTRY', 'REGISTRY_ONLY').replace('conect', 'connect').replace('two', '2');
  expect(problemsOf(valid)).toEqual([
    'istio.yaml:12:5 data.mesh.enableTracing: is accepted but has no effect here yet: there are no traces yet',
  ]);
});

test('syntax too; another form of text is told by its beginning', () => {
  expect(problemsOf(`${head}  mesh: |\n    a: 1\n     b: 2\n`)[0]).toMatch(
    /^istio\.yaml:6:8 data\.mesh: invalid YAML/,
  );
  expect(problemsOf(`${head}  mesh: "connectTimeout: fast"\n`)).toEqual([
    expect.stringMatching(/^istio\.yaml:5:9 data\.mesh\.connectTimeout: must be a duration/),
  ]);
});

test('the trust domain is the Mesh’s to say', () => {
  expect(problemsOf(`${head}  mesh: |\n    trustDomain: example.org\n`)).toEqual([
    'istio.yaml:6:5 data.mesh.trustDomain: is said by the Mesh alone',
  ]);
});

test('elsewhere it has no effect; under another name it is anybody’s', () => {
  const text = `${head}  mesh: 'connectTimeout: 5s'\n`;
  expect(problemsOf(text.replace('istio-system', 'shop'))).toEqual([
    expect.stringMatching(/^istio\.yaml:3:37 metadata\.namespace: the mesh’s settings are read from/),
  ]);
  expect(problemsOf(text.replace('name: istio,', 'name: other,').replace('5s', 'whatever'))).toEqual([]);
});

/** Invalid input through the real CLI: one clear message each, exit code 1, nothing changed. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Mesh, root, startMesh, temporaryFolder, tulle } from './mesh.ts';

const state = temporaryFolder();
const files = temporaryFolder();
let mesh: Mesh;
let before: string;

/** All that users can change, with the resourceVersion of each. */
const everything = async (): Promise<string> => {
  const kinds = 'meshes,workloads,services,serviceaccounts,secrets,configmaps,gateways,virtualservices';
  const more = 'destinationrules,serviceentries,workloadentries,peerauthentications';
  const list = JSON.parse(await mesh.ok('get', `${kinds},${more}`, '-A', '-o', 'json')) as {
    items: { kind: string; metadata: { name: string; generation?: number; uid: string } }[];
  };
  return list.items
    .map(({ kind, metadata: { name, uid, generation = 0 } }) => `${kind} ${name} ${uid} ${generation}`)
    .sort()
    .join('\n');
};

beforeAll(async () => {
  mesh = await startMesh('tests/fixtures/empty-mesh.yaml', state.path);
  before = await everything();
});

afterAll(async () => {
  await mesh?.stop();
  state.remove();
  files.remove();
});

const write = (name: string, content: string | Uint8Array): string => {
  const path = join(files.path, name);
  writeFileSync(path, content);
  return path;
};

/** Neither a stack nor an object's default text, and no internal word. */
const expectClear = (text: string): void => {
  expect(text).not.toMatch(/\n\s+at |\[object |undefined|NaN|TypeError|ZodError|node:internal/);
};

const table = join(root, 'packages/resources/testdata/bad-input');
const named = readdirSync(table).filter((name) => name.endsWith('.yaml.txt'));
/** Every fifth of the table of the resources room, which tests all of them. */
const chosen = named.filter((_, index) => index % 5 === 0);

/** A copy of a file of the table, and what is said of it. */
function copyOf(name: string): { readonly path: string; readonly expected: string } {
  const text = readFileSync(join(table, name), 'utf8');
  const short = name.replace(/\.txt$/, '');
  const path = write(short, text);
  const expected = (text.split('\n')[0] ?? '').replace('# expected: ', '').replace(short, path);
  return { path, expected };
}

describe('a file of the table', () => {
  test.each(chosen)('%s', async (name) => {
    const { path, expected } = copyOf(name);
    const { code, stderr } = await mesh.tulle('apply', '-f', path);
    expect(code).toBe(1);
    expect(stderr).toContain(expected);
    expect(stderr).toContain('nothing was changed');
    expectClear(stderr);
  });

  test('validated, all at once', async () => {
    const copies = chosen.map(copyOf);
    const { code, stdout, stderr } = await tulle(['validate', ...copies.map(({ path }) => path)]);
    expect(code).toBe(1);
    for (const { expected } of copies) expect(stdout + stderr).toContain(expected);
  });
});

describe('the value of an EnvoyFilter’s patch', () => {
  const envoyFilter = (name: string, value: string) =>
    write(
      `${name}.yaml`,
      `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: ${name} }
spec:
  configPatches:
    - applyTo: CLUSTER
      patch:
        operation: MERGE
        value:
          ${value}
`,
    );
  const at = 'spec.configPatches[0].patch.value';

  test('of another type: refused by apply, validate and analyze', async () => {
    const path = envoyFilter('of-another-type', 'circuit_breakers: { thresholds: [{ max_requests: many }] }');
    const found = `${path}:10:60 ${at}.circuit_breakers.thresholds[0].max_requests: expected number (uint32), got "many"`;
    const { code, stderr } = await mesh.tulle('apply', '-f', path);
    expect(code).toBe(1);
    expect(stderr).toContain(found);
    expect(stderr).toContain('nothing was changed');
    expectClear(stderr);
    expect(await tulle(['validate', path])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(found),
    });
    const analyzed = await mesh.tulle('analyze', path);
    expect(analyzed.code).toBe(1);
    expect(analyzed.stdout).toContain('expected number (uint32), got "many"');
    expect(await mesh.ok('get', 'envoyfilters', '-A')).not.toContain('of-another-type');
  });

  test('with a field that is not known: applied, with a warning', async () => {
    const path = envoyFilter('with-more', 'conect_timeout: 1s');
    const found = `warning: ${path}:10:11 ${at}.conect_timeout: envoy.config.cluster.v3.Cluster has no such field, so it is left out; did you mean connect_timeout?`;
    const { code, stdout, stderr } = await mesh.tulle('apply', '-f', path);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `${found}\n` });
    expect(stdout).toContain('with-more created');
    expect(await tulle(['validate', path])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(found),
    });
    await mesh.ok('delete', 'envoyfilter', 'with-more');
  });
});

describe('what is no resource at all', () => {
  const cases: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ['empty', '', /is empty/],
    ['only comments', '# nothing\n---\n', /is empty/],
    ['binary', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3]), /not text/],
    ['50 MB', new Uint8Array(50_000_000).fill(0x61), /8 MiB/],
    ['a list', '- a\n- b\n', /:1:1 /],
    ['a number', '42\n', /:1:1 /],
    ['bad YAML', 'a: [\n', /invalid YAML/],
    ['bad JSON', '{"apiVersion": "v1",', /:1:\d+ /],
    ['deep', `${'['.repeat(100_000)}\n`, /:1:\d+ /],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
        .split('')
        .map((letter, at) => `${letter}: &${letter} [${Array(9).fill(`*${'abcdefghi'[at]}`).join(',')}]`)
        .join('\n')}\n`,
      /:\d+:\d+ /,
    ],
    ['a prototype', '{"__proto__": {"kind": "Service"}, "constructor": 1}', /:\d+:\d+ /],
  ];
  test.each(cases)('%s', async (name, content, message) => {
    const path = write(`${name.replaceAll(' ', '-')}.yaml`, content);
    const { code, stderr } = await mesh.tulle('apply', '-f', path);
    expect(code).toBe(1);
    expect(stderr).toContain(path);
    expect(stderr).toMatch(message);
    expect(stderr.length).toBeLessThan(2000);
    expectClear(stderr);
  });

  test('a folder without resources, one with a bad file among good ones, a missing one', async () => {
    const folder = join(files.path, 'folder');
    mkdirSync(folder);
    expect((await mesh.tulle('apply', '-f', folder)).stderr).toContain(folder);
    writeFileSync(
      join(folder, 'a.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: good }\ndata: { a: b }\n',
    );
    writeFileSync(join(folder, 'b.yaml'), 'apiVersion: v1\nkind: ConfgMap\nmetadata: { name: bad }\n');
    const mixed = await mesh.tulle('apply', '-f', folder);
    expect(mixed.code).toBe(1);
    expect(mixed.stderr).toMatch(/b\.yaml:2:\d+ .*ConfigMap/);
    const missing = await mesh.tulle('apply', '-f', join(files.path, 'none.yaml'));
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('no such file');
    for (const { stderr } of [mixed, missing]) expectClear(stderr);
  });

  test('a namespace that the mesh does not have, with its place', async () => {
    const path = write(
      'elsewhere.yaml',
      'apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: a\n  namespace: nowhere\n',
    );
    const { code, stderr } = await mesh.tulle('apply', '-f', path);
    expect(code).toBe(1);
    expect(stderr).toContain(`${path}:5:14 metadata.namespace: no Namespace nowhere here`);
    expectClear(stderr);
  });

  test('standard input', async () => {
    const { code, stderr } = await tulle(['apply', '-f', '-', '--state', state.path], {}, 'kind: [');
    expect(code).toBe(1);
    expect(stderr).toMatch(/stdin:\d+:\d+ /);
    expect((await tulle(['apply', '-f', '-', '--state', state.path], {}, '')).code).toBe(1);
  });
});

describe('what only the mesh can tell', () => {
  test('the API refuses what the CLI would not send', async () => {
    const run = JSON.parse(readFileSync(join(state.path, 'run/run.json'), 'utf8')) as { api: string };
    const token = readFileSync(join(state.path, 'api-token'), 'utf8').trim();
    const post = (body: string, type = 'application/json') =>
      fetch(`${run.api}/api/v1/namespaces/default/configmaps`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': type },
        body,
      });
    for (const [body, type] of [
      ['', 'application/json'],
      ['{', 'application/json'],
      ['null', 'application/json'],
      ['{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}', 'application/json'],
      ['{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"../x"}}', 'application/json'],
      [
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"other"}}',
        'application/json',
      ],
      ['<xml/>', 'text/xml'],
      [`{"a":"${'x'.repeat(20_000_000)}"}`, 'application/json'],
    ] as const) {
      const answer = await post(body, type);
      expect(answer.status, body.slice(0, 60)).toBeGreaterThanOrEqual(400);
      expect(answer.status, body.slice(0, 60)).toBeLessThan(500);
      const status = (await answer.json()) as { kind: string; message: string };
      expect(status.kind).toBe('Status');
      expectClear(status.message);
    }
  });
});

test('nothing was changed by any of it', async () => {
  expect(await everything()).toBe(before);
});

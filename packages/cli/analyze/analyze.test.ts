import { describe, expect, test } from 'vitest';
import { run } from '../explain/run.fixture.ts';

const analyze = (...words: string[]) => run(['analyze', ...words], `${import.meta.dirname}/golden`);

describe('files alone', () => {
  test.each([
    ['mesh', 1],
    ['refused', 1],
    ['part', 0],
  ])('%s.yaml', async (name, wanted) => {
    const { code, stdout, stderr } = await analyze(`${name}.yaml`);
    expect([code, stderr]).toEqual([wanted, '']);
    await expect(stdout).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  test('as JSON, by names that stay', async () => {
    const { stdout } = await analyze('mesh.yaml', '-o', 'json');
    const { resources, findings } = JSON.parse(stdout);
    expect(resources).toBe(3);
    expect(findings.map(({ code, line }: { code: string; line: number }) => `${code} ${line}`)).toEqual([
      'IST0101 37',
      'IST0101 44',
      'IST0130 39',
    ]);
    expect(Object.keys(findings[0])).toEqual(
      'code name level resource path file line message consequence remedy documentationUrl'.split(' '),
    );
  });
});

test('of one namespace: what names none is of it, and nothing else is told', async () => {
  const told = async (...words: string[]): Promise<string[]> => {
    const { findings } = JSON.parse((await analyze(...words, '-o', 'json')).stdout);
    return findings.map(({ resource }: { resource: { namespace: string } }) => resource.namespace);
  };
  expect(new Set(await told('mesh.yaml', '-n', 'shop'))).toEqual(new Set(['shop']));
  expect(new Set(await told('namespaced.yaml'))).toEqual(new Set(['elsewhere']));
  expect(await told('namespaced.yaml', '-n', 'elsewhere')).toEqual(await told('namespaced.yaml'));
  expect(await told('namespaced.yaml', '-n', 'shop')).toEqual([]);
});

describe('what counts', () => {
  test.each([
    ['errors by default', [], 1],
    ['nothing, when they are left out', ['-S', 'IST0101'], 0],
    ['warnings, when asked for', ['-S', 'ist0101', '--failure-threshold', 'warning'], 1],
  ])('%s', async (_, options, wanted) => {
    expect((await analyze('mesh.yaml', ...options)).code).toBe(wanted);
  });

  test('what is milder than asked for is not shown', async () => {
    const { stdout } = await analyze('mesh.yaml', '--output-threshold', 'Error');
    expect(stdout).toContain('2 errors in 3 resources.');
    expect(stdout).not.toContain('Warning');
  });

  test('a level that is none', async () => {
    const { code, stderr } = await analyze('mesh.yaml', '--failure-threshold', 'Fatal');
    expect([code, stderr.split('\n')[0]]).toEqual([
      2,
      'error: --failure-threshold must be one of Error, Warning, Info, not "Fatal"',
    ]);
  });
});

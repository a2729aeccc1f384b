import { describe, expect, test } from 'vitest';
import { run } from '../run.fixture.ts';

const folder = `${import.meta.dirname}/golden`;
const diff = (...words: string[]) => run(['diff', ...words, '--base', '../../golden/mesh.yaml'], folder);

describe('of files', () => {
  test.each([
    ['change', ['-f', 'change.yaml']],
    ['delete', ['-f', 'rules.yaml', '--delete']],
    ['fault', ['-f', 'fault.yaml']],
    ['fault-for-one', ['-f', 'fault-for-one.yaml']],
    ['limit', ['-f', 'limit.yaml']],
    ['new-service', ['-f', 'new-service.yaml']],
    ['permissive', ['-f', 'permissive.yaml']],
    ['policies', ['-f', 'policies.yaml']],
  ])('%s', async (name, words) => {
    const { code, stdout, stderr } = await diff(...words);
    expect([code, stderr]).toEqual([0, '']);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    await expect(stdout).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  test('what changes nothing says so: the same rules, and text without meaning', async () => {
    expect((await diff('-f', '../../golden/mesh.yaml')).stdout).toBe(
      'No proxy would do anything differently.\n',
    );
    expect((await diff('-f', 'labelled.yaml')).stdout).toBe('No proxy would do anything differently.\n');
  });

  test('as JSON', async () => {
    const { stdout } = await diff('-f', 'change.yaml', '-o', 'json');
    const { differences } = JSON.parse(stdout);
    expect(differences).toContainEqual({
      change: 'added',
      kind: 'route',
      host: 'reviews.default.svc.cluster.local:9080',
      name: 'path begins with /new',
      facts: [{ fact: 'to', after: 'reviews.default:9080 v2' }],
      workloads: ['default/db', 'default/productpage-v1', 'default/reviews-v1', 'default/reviews-v2'],
    });
  });
});

test('a change that is no resource is refused as apply refuses it', async () => {
  const { code, stderr } = await diff('-f', '../README.md');
  expect(code).toBe(1);
  expect(stderr).toContain('README.md:3:');
});

test('-n: what names no namespace is of it, and nothing may name another', async () => {
  const { stdout } = await diff('-f', 'new-service.yaml', '-n', 'shop');
  expect(stdout).toContain('ratings.shop.svc.cluster.local');
  const other = await diff('-f', 'elsewhere.yaml', '-n', 'shop');
  expect([other.code, other.stderr.split('\n')[0]]).toEqual([
    2,
    'error: service/ratings is in namespace elsewhere, but -n says shop',
  ]);
});

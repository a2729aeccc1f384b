import { describe, expect, test } from 'vitest';
import { fetchOnce, startLoad } from './load.ts';
import { eventually } from './mesh.ts';
import { sharedMesh } from './shared-mesh.ts';

const mesh = sharedMesh('examples/bookinfo/mesh.yaml');

const versionsOf = async (
  count: number,
  headers: Record<string, string> = {},
): Promise<Map<string, number>> => {
  const seen = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const { status, body } = await fetchOnce(`${mesh.url}/api/v1/products/0/reviews`, headers);
    expect(status).toBe(200);
    const { version } = JSON.parse(body) as { version: string };
    seen.set(version, (seen.get(version) ?? 0) + 1);
  }
  return seen;
};

describe('Bookinfo through the gateway', () => {
  test('the page shows book, details and reviews', async () => {
    const { status, body } = await fetchOnce(`${mesh.url}/productpage`);
    expect(status).toBe(200);
    expect(body).toContain('The Comedy of Errors');
    expect(body).toContain('PublisherA');
    expect(body).toContain('Reviews served by');
  });

  test('the API answers JSON', async () => {
    const get = async (path: string) => JSON.parse((await fetchOnce(`${mesh.url}${path}`)).body);
    expect(await get('/api/v1/products')).toHaveLength(1);
    expect(await get('/api/v1/products/0')).toMatchObject({ author: 'William Shakespeare' });
    expect(await get('/api/v1/products/0/ratings')).toMatchObject({ ratings: { Reviewer1: 5 } });
    const reviews = await get('/api/v1/products/0/reviews');
    expect(reviews.podname).toMatch(/^reviews-v[123]-0$/);
    expect(reviews.version).toMatch(/^v[123]$/);
  });

  test('without routing rules all three versions of reviews serve', async () => {
    expect([...(await versionsOf(60)).keys()].sort()).toEqual(['v1', 'v2', 'v3']);
  });

  test('a path that no route matches is 404', async () => {
    expect((await fetchOnce(`${mesh.url}/nowhere`)).status).toBe(404);
  });
});

describe('routing rules applied under load', () => {
  test('canary: 75 / 25 to v1 and v2, with no failed request', async () => {
    const load = startLoad(`${mesh.url}/api/v1/products/0/reviews`, { connections: 4 });
    const output = await mesh.ok('apply', '-f', 'examples/bookinfo/networking/canary.yaml');
    expect(output).toMatch(/virtualservice.*reviews created/);
    await eventually('no more v3', async () => ((await versionsOf(20)).has('v3') ? undefined : true));
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    const seen = await versionsOf(400);
    expect(seen.get('v3')).toBeUndefined();
    // Binomial(400, 0.25): 100 ± 8.7; five deviations.
    expect(seen.get('v2')).toBeGreaterThan(56);
    expect(seen.get('v2')).toBeLessThan(144);
  });

  test('the same file again changes nothing', async () => {
    const output = await mesh.ok('apply', '-f', 'examples/bookinfo/networking/canary.yaml');
    expect(output).toMatch(/virtualservice.*reviews unchanged/);
    expect(output).toMatch(/destinationrule.*reviews unchanged/);
  });

  test('the resource says on how many proxies it is applied', async () => {
    const text = await eventually('applied everywhere', async () => {
      const described = await mesh.ok('describe', 'virtualservice', 'reviews');
      return /Applied\s+\w*\s*(\d+)\/\1\b/s.test(described) ? described : undefined;
    });
    expect(text).toContain('Applied');
  });

  test('jason sees black stars, others none', async () => {
    await mesh.ok('apply', '-f', 'examples/bookinfo/networking/jason.yaml');
    await eventually('everyone on v1', async () => ((await versionsOf(12)).size === 1 ? true : undefined));
    const cookie = 'bookinfo-user=jason';
    expect([...(await versionsOf(10, { cookie })).keys()]).toEqual(['v2']);
    expect([...(await versionsOf(10)).keys()]).toEqual(['v1']);
    expect((await fetchOnce(`${mesh.url}/productpage`, { cookie })).body).toContain('stars black');
  });

  test('deleting the rules brings all versions back', async () => {
    await mesh.ok('delete', '-f', 'examples/bookinfo/networking/jason.yaml');
    await eventually('three versions', async () => ((await versionsOf(30)).size === 3 ? true : undefined));
  });
});

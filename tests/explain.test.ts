import { expect, test } from 'vitest';
import { fetchOnce } from './load.ts';
import { eventually } from './mesh.ts';
import { sharedMesh } from './shared-mesh.ts';

/** `tulle explain` and `tulle diff` on a mesh that runs. */
const mesh = sharedMesh('examples/bookinfo/mesh.yaml');

const explain = async (...words: string[]) => JSON.parse(await mesh.ok('explain', ...words, '-o', 'json'));

test('a gateway’s decision: the route that its request takes, and who may serve it', async () => {
  expect((await fetchOnce(`${mesh.url}/productpage`)).status).toBe(200);
  const told = await explain(`${mesh.url}/productpage`, '--from', 'ingressgateway');
  expect(told).toMatchObject({
    proxy: 'ingressgateway-0.tulle-system',
    route: { origins: [{ kind: 'VirtualService', name: 'bookinfo' }] },
    cluster: { name: 'outbound|9080||productpage.default.svc.cluster.local' },
    endpoints: [{ workload: 'productpage-v1', health: 'healthy', security: 'mTLS', chance: 1 }],
  });
  const missing = await explain(`${mesh.url}/nowhere`, '--from', 'ingressgateway');
  expect(missing.error).toMatchObject({
    status: (await fetchOnce(`${mesh.url}/nowhere`)).status,
    flags: ['NR'],
  });
});

test('a sidecar’s, as text and with the shares of weights', async () => {
  await mesh.ok('apply', '-f', 'examples/bookinfo/networking/canary.yaml');
  await eventually('the sidecar has the weights', async () => {
    const { outcomes } = await explain('http://reviews:9080/reviews/0', '--from', 'productpage');
    return outcomes.length === 2 ? true : undefined;
  });
  const text = await mesh.ok('explain', 'http://reviews:9080/reviews/0', '--from', 'productpage');
  expect(text).toContain('GET reviews:9080/reviews/0  from productpage-v1-0.default');
  expect(text).toMatch(/^75 % +outbound\|9080\|v1\|reviews/m);
  expect(text).toMatch(/100 % +reviews-v2 +127\.0\.0\.1:\d+ +healthy +mTLS/);
});

test('a request that happened, at each proxy that it came by', async () => {
  expect((await fetchOnce(`${mesh.url}/productpage?this=one`)).status).toBe(200);
  const log = await eventually('the gateway has logged it', async () => {
    const lines = (await mesh.ok('logs', 'ingressgateway', '--tail', '20')).split('\n');
    return lines.find((line) => line.includes('"GET /productpage?this=one '));
  });
  const logged = /"([0-9a-f-]{36})"/.exec(log)?.[1] ?? '';
  const all = await eventually('both sidecars have logged it', async () => {
    const found = await explain('--request-id', logged);
    return found.length >= 2 ? found : undefined;
  });
  expect(all[0]).toMatchObject({
    proxy: 'ingressgateway-0.tulle-system',
    happened: { status: 200, flags: '' },
  });
  expect(all.map(({ proxy }: { proxy: string }) => proxy)).toContain('productpage-v1-0.default');
  for (const { happened, outcomes } of all) {
    const told = outcomes.map(({ cluster }: { cluster: { name: string } }) => cluster.name);
    expect(told).toContain(happened.cluster);
  }
});

test('what a change would do, to rules and to the requests of the last minutes', async () => {
  for (let at = 0; at < 4; at++) await fetchOnce(`${mesh.url}/productpage`);
  const { differences, replay } = JSON.parse(
    await mesh.ok(
      'diff',
      '-f',
      'examples/bookinfo/networking/canary.yaml',
      '--delete',
      '--replay',
      '15m',
      '-o',
      'json',
    ),
  );
  expect(differences).toContainEqual(
    expect.objectContaining({
      change: 'changed',
      kind: 'route',
      host: 'reviews.default.svc.cluster.local:9080',
      workloads: ['default/productpage-v1'],
    }),
  );
  const pair = replay.pairs.find(({ to }: { to: string }) => to === 'reviews');
  expect(pair.from).toBe('productpage-v1');
  expect(pair.requests).toBeGreaterThanOrEqual(4);
  const moved = pair.moves.map(({ after, requests }: { after: string; requests: number }) => [
    after,
    requests,
  ]);
  expect(moved).toContainEqual(['reviews.default:9080', pair.requests * 0.75]);
  expect(await mesh.ok('diff', '-f', 'examples/bookinfo/networking/canary.yaml')).toBe(
    'No proxy would do anything differently.\n',
  );
});

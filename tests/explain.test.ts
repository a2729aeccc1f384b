import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fetchOnce } from './load.ts';
import { eventually, temporaryFolder, tulle } from './mesh.ts';
import { sharedMesh } from './shared-mesh.ts';

/** `tulle explain` and `tulle diff` on a mesh that runs. */
const mesh = sharedMesh('examples/bookinfo/mesh.yaml');

const explain = async (...words: string[]) => JSON.parse(await mesh.ok('explain', ...words, '-o', 'json'));

test('a gateway’s decision: the route that its request takes, and who may serve it', async () => {
  expect((await fetchOnce(`${mesh.url}/productpage`)).status).toBe(200);
  const told = await explain(`${mesh.url}/productpage`, '--from', 'ingressgateway');
  expect(told).toMatchObject({
    proxy: 'ingressgateway-0.tulle-system',
    route: {
      origins: [{ kind: 'VirtualService', name: 'bookinfo', file: 'examples/bookinfo/mesh.yaml', line: 163 }],
    },
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
  expect(text).toMatch(
    /VirtualService default\/reviews spec\.http\[0\]\n? +examples\/bookinfo\/networking\/canary\.yaml:10/,
  );
  expect(text).toMatch(/100 % +reviews-v2 +127\.0\.0\.1:\d+ +healthy +mTLS/);
});

/** Who calls somebody on the way of a request for the page. */
const callers = ['ingressgateway-0.tulle-system', 'productpage-v1-0.default'];
interface Happened {
  readonly proxy: string;
  readonly happened: { readonly cluster: string };
  readonly outcomes: readonly { readonly cluster: { readonly name: string } }[];
}

test('a request that happened, at each proxy that it came by', async () => {
  expect((await fetchOnce(`${mesh.url}/productpage?this=one`)).status).toBe(200);
  const log = await eventually('the gateway has logged it', async () => {
    const lines = (await mesh.ok('logs', 'ingressgateway', '--tail', '20')).split('\n');
    return lines.find((line) => line.includes('"GET /productpage?this=one '));
  });
  const logged = /"([0-9a-f-]{36})"/.exec(log)?.[1] ?? '';
  const all: Happened[] = await eventually('both have logged it', async () => {
    const found: Happened[] = await explain('--request-id', logged);
    const by = found.map(({ proxy }) => proxy);
    return callers.every((proxy) => by.includes(proxy)) ? found : undefined;
  });
  expect(all[0]).toMatchObject({
    proxy: callers[0],
    happened: { status: 200, flags: '' },
  });
  for (const { happened, outcomes } of all) {
    const told = outcomes.map(({ cluster }) => cluster.name);
    expect(told).toContain(happened.cluster);
  }
});

test('what a change would do, to rules and to the requests of the last minutes', async () => {
  for (let at = 0; at < 4; at++) await fetchOnce(`${mesh.url}/productpage`);
  const canary = ['-f', 'examples/bookinfo/networking/canary.yaml'];
  const { differences, pair } = await eventually('the requests are in the access log', async () => {
    const told = await mesh.ok('diff', ...canary, '--delete', '--replay', '15m', '-o', 'json');
    const { differences, replay } = JSON.parse(told);
    const pair = replay.pairs.find(({ to }: { to: string }) => to === 'reviews');
    return pair?.requests >= 4 ? { differences, pair } : undefined;
  });
  expect(differences).toContainEqual(
    expect.objectContaining({
      change: 'changed',
      kind: 'route',
      host: 'reviews.default.svc.cluster.local:9080',
      workloads: ['default/productpage-v1'],
    }),
  );
  expect(pair.from).toBe('productpage-v1');
  const moved = pair.moves.map(({ after, requests }: { after: string; requests: number }) => [
    after,
    requests,
  ]);
  expect(moved).toContainEqual(['reviews.default:9080', pair.requests * 0.75]);
  expect(await mesh.ok('diff', ...canary)).toBe('No proxy would do anything differently.\n');
});

test('lines of the file that a route was applied from, for as long as they are true', async () => {
  const folder = temporaryFolder();
  const file = join(folder.path, 'ratings.yaml');
  const write = (...paths: string[]): string => {
    const routes = paths.map(
      (path) => `    - match: [{ uri: { prefix: ${path} } }]
      route: [{ destination: { host: ratings } }]
`,
    );
    const text = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ratings }
spec:
  hosts: [ratings]
  http:
${routes.join('')}`;
    writeFileSync(file, text);
    return text;
  };
  const origin = async (path: string) =>
    (await explain(`http://ratings:9080${path}`, '--from', 'reviews-v2')).route.origins.find(
      ({ kind }: { kind: string }) => kind === 'VirtualService',
    );
  const tells = (what: string, path: string, expected: object) =>
    eventually(what, async () => {
      expect(await origin(path)).toMatchObject(expected);
      return true;
    });
  try {
    write('/one', '/two');
    await mesh.ok('apply', '-f', file);
    await tells('the second route is at its line', '/two', { path: 'spec.http[1]', file, line: 9 });

    // Edited and not applied: the mesh still has what the file no longer says.
    const edited = write('/zero', '/one', '/two');
    expect(await origin('/two')).not.toHaveProperty('line');

    const { code } = await tulle(['apply', '-f', '-', '--state', mesh.stateDir], {}, edited);
    expect(code).toBe(0);
    await tells('the third route', '/two', { path: 'spec.http[2]' });
    expect(await origin('/two')).not.toHaveProperty('file');

    await mesh.ok('apply', '-f', file);
    await tells('its line again', '/two', { file, line: 11 });
    await mesh.ok('delete', 'vs', 'ratings');
    await eventually('no rule is left', async () =>
      (await origin('/two')) === undefined ? true : undefined,
    );
    expect(readFileSync(join(mesh.stateDir, 'sources.json'), 'utf8')).not.toContain(file);
  } finally {
    folder.remove();
  }
});

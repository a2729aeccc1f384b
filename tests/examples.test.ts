import { expect, test } from 'vitest';
import { type Answer, fetchOnce, startLoad } from './load.ts';
import { eventually } from './mesh.ts';
import { sharedMesh } from './shared-mesh.ts';

const mesh = sharedMesh('tests/fixtures/empty-mesh.yaml');

const color = (host: string): Promise<Answer> => fetchOnce(`${mesh.url}/api/color`, { host });

const answersWith = (host: string, wanted: string) =>
  eventually(`${host} answers ${wanted}`, async () => {
    const { status, body } = await color(host);
    return status === 200 && body.includes(`"color":"${wanted}"`) ? true : undefined;
  });

test('blue/green: all callers change colour at once, and none fails', async () => {
  const host = 'bluegreen.example.com';
  await mesh.ok('apply', '-f', 'examples/blue-green/bluegreen.yaml');
  await answersWith(host, 'blue');
  const colors: string[] = [];
  const load = startLoad(`${mesh.url}/api/color`, {
    connections: 4,
    headers: { host },
    onAnswer: ({ body }) => colors.push((JSON.parse(body) as { color: string }).color),
  });
  await eventually('blue answers', async () => (colors.length > 20 ? true : undefined));
  await mesh.ok('apply', '-f', 'examples/blue-green/switch/to-green.yaml');
  await answersWith(host, 'green');
  const switched = colors.length;
  await eventually('green answers', async () => (colors.length > switched + 50 ? true : undefined));
  const { failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(new Set(colors.slice(0, 20))).toEqual(new Set(['blue']));
  expect(new Set(colors.slice(-40))).toEqual(new Set(['green']));
  expect((await fetchOnce(`${mesh.url}/`, { host })).body).toContain('Blue / green');
});

test('a host that no gateway knows is 404', async () => {
  expect((await color('nobody.example.com')).status).toBe(404);
});

test('buggy/green: retries on other hosts hide every failure', async () => {
  const host = 'buggygreen.example.com';
  await mesh.ok('apply', '-f', 'examples/buggy-green/buggygreen.yaml');
  await eventually('both versions answer', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => color(host)));
    const served = new Set(answers.map(({ body }) => /"version":"(v\d)"/.exec(body)?.[1]));
    return served.has('v1') && served.has('v2') ? true : undefined;
  });
  const failuresOf2000 = async (): Promise<number> => {
    let failed = 0;
    let left = 2000;
    const one = async (): Promise<void> => {
      while (left-- > 0) if ((await color(host)).status !== 200) failed++;
    };
    await Promise.all(Array.from({ length: 8 }, one));
    return failed;
  };
  expect(await failuresOf2000()).toBeGreaterThan(200);
  await mesh.ok('apply', '-f', 'examples/buggy-green/retries/retries.yaml');
  await eventually('no failure in 40', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => color(host)));
    return answers.every(({ status }) => status === 200) ? true : undefined;
  });
  expect(await failuresOf2000()).toBe(0);
});

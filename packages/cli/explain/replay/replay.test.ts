import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { palette } from '../../output/color.ts';
import { changedResources } from '../diff/changed-resources.ts';
import { readMeshFiles } from '../mesh-files.ts';
import { modelOf, modelOfFiles } from '../mesh-model.ts';
import { compiledView } from '../proxy-view.ts';
import { lineReader } from './log-line.ts';
import { logFileOf, recordedRequests } from './logs.ts';
import { renderReplay } from './render.ts';
import { replay } from './replay.ts';

const folder = mkdtempSync(join(tmpdir(), 'tulle-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a line of the access log', () => {
  const text =
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-A?:PATH)%" %RESPONSE_CODE% "%REQ(USER-AGENT)%" %DURATION%\n';
  const read = lineReader({ kind: 'text', text });

  test('is read by its format; what was absent is not there', () => {
    const line = '[2026-11-21T12:00:00.000Z] "GET /a b" 200 "-" 3';
    expect(Object.fromEntries(read(line) ?? [])).toEqual({
      START_TIME: '2026-11-21T12:00:00.000Z',
      'REQ(:METHOD)': 'GET',
      'REQ(X-A?:PATH)': '/a b',
      RESPONSE_CODE: '200',
      DURATION: '3',
    });
  });

  test.each(['', 'control plane: connected', '[x] "GET', `[${'" '.repeat(50_000)}`])(
    '%.20s is none',
    (line) => expect(read(line)).toBeUndefined(),
  );

  test('in JSON, nested and typed', () => {
    const fields = { a: { path: '%REQ(:PATH)%' }, code: '%RESPONSE_CODE%', none: '%ROUTE_NAME%' };
    const json = lineReader({ kind: 'json', fields });
    expect(Object.fromEntries(json('{"a":{"path":"/x"},"code":200,"none":null}') ?? [])).toEqual({
      'REQ(:PATH)': '/x',
      RESPONSE_CODE: '200',
    });
    expect(json('not JSON')).toBeUndefined();
  });
});

/** Istio's default line, as productpage's sidecar writes it. */
const line = (at: string, path: string, id: number): string =>
  `[2026-11-21T${at}.000Z] "GET ${path} HTTP/1.1" 200 - via_upstream - "-" 0 2 3 2 "-" "curl" "id-${id}" "reviews:9080" "127.0.0.1:20008" outbound|9080|v1|reviews.default.svc.cluster.local 127.0.0.1:1 127.0.0.1:20001 127.0.0.1:2 - all`;

async function scene(change: string) {
  const mesh = await readMeshFiles(['../golden/mesh.yaml'], {
    cwd: import.meta.dirname,
    stdin: process.stdin,
  });
  const { model, instances, proxies } = await modelOfFiles(mesh.resources);
  writeFileSync(join(folder, 'change.yaml'), change);
  const { resources } = await readMeshFiles(['change.yaml'], { cwd: folder, stdin: process.stdin });
  const after = modelOf(changedResources([...model.config.resources.values()], resources, false), instances);
  const proxy = proxies.find(({ metadata }) => metadata.NAME === 'productpage-v1-0');
  if (proxy === undefined) throw new Error('no productpage');
  const lines = [
    'control plane: connected',
    line('11:00:00', '/too-old', 0),
    ...Array.from({ length: 8 }, (_, at) => line('12:00:01', `/${at}`, at)),
    line('12:00:02', '/old', 8),
    line('12:00:03', '/reviews/1', 9),
  ];
  writeFileSync(join(folder, 'productpage-v1-0.proxy.log'), `${lines.join('\n')}\n`);
  const before = compiledView(model, proxy).explainer;
  const file = logFileOf(folder, 'default', 'productpage-v1-0') ?? '';
  const since = Date.parse('2026-11-21T11:50:00Z');
  const requests = recordedRequests(file, before.proxy.tables, since);
  const replayed = replay([
    { workload: 'productpage-v1', before, after: compiledView(after, proxy).explainer, requests },
  ]);
  return { requests, replayed, text: renderReplay(replayed, '15m', palette(false)) };
}

const virtualService = (http: string): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http: ${http}
`;
const to = (v1: number, v2: number): string =>
  `route: [{ destination: { host: reviews, subset: v1 }, weight: ${v1} }, { destination: { host: reviews, subset: v2 }, weight: ${v2} }]`;

test('weights are compared by expectation', async () => {
  const { replayed, text } = await scene(virtualService(`[{ ${to(50, 50)} }]`));
  expect(replayed.requests).toBe(10);
  const [pair] = replayed.pairs;
  // One request can't be decided: end-user is not in the log. A redirect becomes a request to either version.
  expect(pair).toMatchObject({ from: 'productpage-v1', to: 'reviews', requests: 9 - 1 });
  expect(pair?.moves).toEqual([
    { before: 'reviews.default:9080 v1', after: 'reviews.default:9080 v2', requests: 8 * 0.25 },
  ]);
  await expect(text).toMatchFileSnapshot('golden/weights.txt');
});

test('requests that nothing would answer any more are named', async () => {
  const { replayed, text } = await scene(
    virtualService(`[{ match: [{ uri: { prefix: /1 } }], ${to(75, 25)} }]`),
  );
  expect(
    replayed.pairs.flatMap(({ failing }) => failing.map(({ answer, requests }) => [answer, requests.length])),
  ).toEqual([
    ['404 (NR)', 7],
    ['404 (NR)', 1],
  ]);
  await expect(text).toMatchFileSnapshot('golden/not-found.txt');
});

test('the same rules move nothing', async () => {
  const same = `
apiVersion: v1
kind: Service
metadata: { name: unrelated }
spec: { ports: [{ name: http, port: 1 }] }
`;
  const { replayed } = await scene(same);
  expect(replayed.pairs.flatMap(({ moves }) => moves)).toEqual([]);
});

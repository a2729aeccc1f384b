import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configMap, configMaps, refusal, startTestServer, type TestServer, token } from './server.fixture.ts';

let api: TestServer;
beforeEach(async () => {
  api = await startTestServer({ keepChanges: 16, random: () => 0 });
});
afterEach(() => api.close());

// biome-ignore lint/suspicious/noExplicitAny: tests look into arbitrary JSON
type Line = { type: string; object: any };

const namesOf = (body: { items: { metadata: { name: string } }[] }) =>
  body.items.map(({ metadata }) => metadata.name);
const put = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) =>
  api.resources.create(configMap(name, data, { namespace: 'a', labels }));

/** Opens a watch; `next(n)` gives the next n lines, `rest` all until the stream ends. */
async function watch(query: string, headers: Record<string, string> = {}) {
  const abort = new AbortController();
  const answer = await fetch(`${api.server.url}${configMaps}?watch=1&${query}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: abort.signal,
  });
  const lines = read(answer);
  const next = async (count: number): Promise<Line[]> => {
    const taken: Line[] = [];
    while (taken.length < count) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`the watch ended after ${taken.length} of ${count} lines`);
      taken.push(value);
    }
    return taken;
  };
  const rest = async (): Promise<Line[]> => {
    const taken: Line[] = [];
    for await (const line of lines) taken.push(line);
    return taken;
  };
  return { answer, next, rest, close: () => abort.abort() };
}

async function* read({ body }: Response): AsyncGenerator<Line, void> {
  let text = '';
  for await (const chunk of (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as Line;
  }
}

const told = (lines: readonly Line[]) =>
  lines.map(({ type, object }) => `${type} ${object.metadata?.name ?? ''}`.trim());

describe('lists', () => {
  test('have a kind, a revision, and selectors of both sorts', async () => {
    await put('one', {}, { app: 'x', tier: 'web' });
    await put('two', {}, { app: 'y' });
    await put('three');
    const list = async (query: string) => namesOf((await api.call('GET', `${configMaps}?${query}`)).body);
    const all = (await api.call('GET', configMaps)).body;
    expect(all).toMatchObject({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: api.store.revision() },
    });
    expect(await list('labelSelector=app')).toEqual(['one', 'two']);
    expect(await list('labelSelector=app%3Dx,tier+in+(web,db)')).toEqual(['one']);
    expect(await list('labelSelector=app!%3Dx')).toEqual(['three', 'two']);
    expect(await list('labelSelector=!app')).toEqual(['three']);
    expect(await list('fieldSelector=metadata.name%3Dtwo')).toEqual(['two']);
    expect(await list('fieldSelector=metadata.name!%3Dtwo,metadata.namespace%3Da')).toEqual(['one', 'three']);
    const refused = await api.call('GET', `${configMaps}?fieldSelector=data.a%3D1`);
    expect(refusal(refused)).toBe('400 BadRequest: field label not supported: data.a');
    expect((await api.call('GET', `${configMaps}?labelSelector=a+b`)).code).toBe(400);
  });

  test('span all namespaces where no namespace is named', async () => {
    await put('one');
    await api.resources.create(configMap('one', {}, { namespace: 'default' }));
    const { body } = await api.call('GET', '/api/v1/configmaps');
    const places = body.items.map(({ metadata }: { metadata: { namespace: string } }) => metadata.namespace);
    expect(places).toEqual(['a', 'default']);
  });

  test('come in pages that show one revision, with what remains', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await put(name);
    const first = (await api.call('GET', `${configMaps}?limit=2`)).body;
    expect(first.metadata.remainingItemCount).toBe(3);
    await api.call('DELETE', `${configMaps}/d`);
    await put('aa');
    const second = (await api.call('GET', `${configMaps}?limit=2&continue=${first.metadata.continue}`)).body;
    const third = (await api.call('GET', `${configMaps}?limit=2&continue=${second.metadata.continue}`)).body;
    expect([first, second, third].flatMap(namesOf)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(third.metadata.continue).toBeUndefined();
    expect(third.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test('fill a page from what a selector lets through', async () => {
    for (const [i, name] of ['a', 'b', 'c', 'd', 'e', 'f'].entries())
      await put(name, {}, { odd: String(i % 2) });
    const first = (await api.call('GET', `${configMaps}?limit=2&labelSelector=odd%3D1`)).body;
    expect(namesOf(first)).toEqual(['b', 'd']);
    expect(first.metadata.remainingItemCount).toBeUndefined();
    const second = (
      await api.call('GET', `${configMaps}?limit=2&labelSelector=odd%3D1&continue=${first.metadata.continue}`)
    ).body;
    expect(namesOf(second)).toEqual(['f']);
    expect(second.metadata.continue).toBeUndefined();
  });

  test('know resourceVersion: any, exact, not older than, not yet, too old', async () => {
    await put('one');
    const past = api.store.revision();
    await put('two');
    const list = (query: string) => api.call('GET', `${configMaps}?${query}`);
    expect(namesOf((await list('resourceVersion=0')).body)).toEqual(['one', 'two']);
    expect(namesOf((await list(`resourceVersion=${past}&resourceVersionMatch=Exact`)).body)).toEqual(['one']);
    expect(namesOf((await list(`resourceVersion=${past}&limit=5`)).body)).toEqual(['one']);
    expect(namesOf((await list(`resourceVersion=${past}`)).body)).toEqual(['one', 'two']);
    expect(
      namesOf((await list(`resourceVersion=${past}&resourceVersionMatch=NotOlderThan`)).body),
    ).toHaveLength(2);
    const future = await list('resourceVersion=999999');
    expect(future.code).toBe(504);
    expect(future.body.details.causes[0].reason).toBe('ResourceVersionTooLarge');
    expect((await api.call('GET', `${configMaps}/one?resourceVersion=999999`)).code).toBe(504);
    expect((await list('resourceVersion=x')).code).toBe(400);
    expect((await list('resourceVersionMatch=Exact')).code).toBe(422);
    expect((await list('resourceVersion=0&resourceVersionMatch=Exact')).code).toBe(422);
    const page = (await list('limit=1')).body.metadata.continue;
    for (let i = 0; i < 40; i++) await put(`more${i}`);
    expect(refusal(await list(`resourceVersion=${past}&resourceVersionMatch=Exact`))).toMatch(/^410 Expired/);
    expect(refusal(await list(`limit=1&continue=${page}`))).toMatch(/^410 Expired/);
    expect((await list('continue=nonsense')).code).toBe(400);
  });
});

describe('watches', () => {
  test('without a revision begin with what is there', async () => {
    await put('one');
    const stream = await watch('');
    await put('two');
    expect(told(await stream.next(2))).toEqual(['ADDED one', 'ADDED two']);
    stream.close();
  });

  test('from a revision tell every change since, in order, then go on', async () => {
    const since = api.store.revision();
    await put('one');
    await api.call('PUT', `${configMaps}/one`, configMap('one', { a: '1' }));
    const stream = await watch(`resourceVersion=${since}`);
    expect(told(await stream.next(2))).toEqual(['ADDED one', 'MODIFIED one']);
    await api.call('DELETE', `${configMaps}/one`);
    const [last] = await stream.next(1);
    expect(last).toMatchObject({
      type: 'DELETED',
      object: { data: { a: '1' }, kind: 'ConfigMap', apiVersion: 'v1' },
    });
    expect(last?.object.metadata.resourceVersion).toBe(api.store.revision());
    stream.close();
  });

  test('with a selector say ADDED and DELETED when an object begins and ceases to match', async () => {
    const stream = await watch(`resourceVersion=${api.store.revision()}&labelSelector=on`);
    await put('one');
    const label = (labels: object) =>
      api.call(
        'PATCH',
        `${configMaps}/one`,
        { metadata: { labels } },
        { 'content-type': 'application/merge-patch+json' },
      );
    await label({ on: 'yes' });
    await label({ on: 'still' });
    const off = await label({ on: null });
    const lines = await stream.next(3);
    expect(told(lines)).toEqual(['ADDED one', 'MODIFIED one', 'DELETED one']);
    expect(lines[2]?.object.metadata).toMatchObject({
      labels: { on: 'still' },
      resourceVersion: off.body.metadata.resourceVersion,
    });
    stream.close();
  });

  test('send bookmarks when asked, at intervals and before they time out', async () => {
    const stream = await watch(
      `resourceVersion=${api.store.revision()}&allowWatchBookmarks=true&timeoutSeconds=90`,
    );
    await put('one');
    await stream.next(1);
    api.clock.advance(60_000);
    const [bookmark] = await stream.next(1);
    expect(bookmark).toEqual({
      type: 'BOOKMARK',
      object: {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { resourceVersion: api.store.revision(), creationTimestamp: null },
      },
    });
    api.clock.advance(30_000);
    expect(told(await stream.rest())).toEqual(['BOOKMARK']);
    const silent = await watch(`resourceVersion=${api.store.revision()}`);
    api.clock.advance(30 * 60_000);
    expect(await silent.rest()).toEqual([]);
    await api.server.close();
    expect(api.clock.pending).toBe(0);
  });

  test('too old is an ERROR of 410 and the end', async () => {
    const old = api.store.revision();
    for (let i = 0; i < 40; i++) await put(`c${i}`);
    for (const revision of [old, '999999']) {
      const lines = await (await watch(`resourceVersion=${revision}`)).rest();
      expect(lines).toMatchObject([
        { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } },
      ]);
    }
  });

  test('sendInitialEvents is refused as by a server without WatchList', async () => {
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const { code, body } = await api.call('GET', `${configMaps}?${query}`);
    expect(code).toBe(422);
    expect(body.message).toContain(
      'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
    );
    expect(body.reason).toBe('Invalid');
  });

  test('a client that leaves, and a server that closes, leave nothing behind', async () => {
    const stream = await watch(`resourceVersion=${api.store.revision()}`);
    stream.close();
    const other = await watch(`resourceVersion=${api.store.revision()}`);
    await api.server.close();
    expect(await other.rest()).toEqual([]);
    expect(api.clock.pending).toBe(0);
  });

  test('print as Table with the columns first only', async () => {
    await put('one');
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const stream = await watch('', { accept });
    await put('two');
    const [first, second] = await stream.next(2);
    expect(first?.object.columnDefinitions.map(({ name }: { name: string }) => name)).toContain('Name');
    expect(first?.object.rows).toHaveLength(1);
    expect(second?.object).toMatchObject({
      kind: 'Table',
      columnDefinitions: [],
      rows: [{ object: { metadata: { name: 'two' } } }],
    });
    stream.close();
  });
});

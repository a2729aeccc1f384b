import { Agent } from 'node:http';
import { seeded } from '@tulle/decision/balance/balancing.fixture';
import { describe, expect, it } from 'vitest';
import type { Engine } from './engine.ts';
import type { StreamInfo } from './http/stream-info.ts';
import { type Backend, backend, named } from './testing/backend.ts';
import { cleanupAfterEach } from './testing/cleanup.ts';
import { ask } from './testing/client.ts';
import { portOf, startEngine } from './testing/engine.ts';
import {
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  retry,
  route,
  routeTable,
  tables,
} from './testing/tables.ts';
import { VirtualClock } from './timers/virtual-clock.fixture.ts';
import { TimerWheel } from './timers/wheel.ts';

const cleanup = cleanupAfterEach();

function kept<T extends Backend>(made: T): T {
  cleanup.push(() => made.close());
  return made;
}

async function serve(
  routes: Parameters<typeof host>[0],
  clusters: Parameters<typeof tables>[0]['clusters'],
  more: Parameters<typeof manager>[1] = {},
  parts: Parameters<typeof startEngine>[1] = {},
): Promise<{ engine: Engine; port: number }> {
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routeTable([host(routes)]), more))])],
      clusters: clusters ?? [],
    }),
    parts,
  );
  cleanup.push(() => engine.destroy());
  return { engine, port: portOf(engine, 'l') };
}

describe('routing', () => {
  it('forwards a request with its body and brings the response back', async () => {
    const app = kept(await named('app'));
    const { port } = await serve([route(forward('a'))], [cluster('a', [endpoint(app.port)])]);
    const answer = await ask(port, { method: 'POST', path: '/x?y=1', body: 'hello', host: 'reviews:9080' });
    expect(answer.status).toBe(200);
    const seen = JSON.parse(answer.body);
    expect(seen).toMatchObject({ name: 'app', method: 'POST', url: '/x?y=1', body: 'hello' });
    expect(seen.headers).toMatchObject({ host: 'reviews:9080', 'x-forwarded-proto': 'http' });
    expect(seen.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers.server).toBe('tulle');
    expect(answer.headers['x-envoy-upstream-service-time']).toMatch(/^\d+$/);
  });

  it('splits by weight', async () => {
    const [a, b] = [kept(await named('a')), kept(await named('b'))];
    const { port } = await serve(
      [route(forward({ a: 75, b: 25 }))],
      [cluster('a', [endpoint(a.port)]), cluster('b', [endpoint(b.port)])],
      {},
      { random: seeded() },
    );
    const agent = new Agent({ keepAlive: true });
    cleanup.push(() => agent.destroy());
    for (let i = 0; i < 400; i++) expect((await ask(port, { agent })).status).toBe(200);
    expect(a.count() + b.count()).toBe(400);
    expect(a.count()).toBeGreaterThan(250);
    expect(b.count()).toBeGreaterThan(60);
  });

  it('answers what needs no upstream', async () => {
    const { port } = await serve(
      [
        route(
          { kind: 'redirect', status: 301, host: 'other', stripQuery: false },
          { match: { path: { kind: 'prefix', value: '/r', ignoreCase: false } } },
        ),
        route(
          { kind: 'direct', status: 418, body: 'teapot' },
          { match: { path: { kind: 'prefix', value: '/d', ignoreCase: false } } },
        ),
        route(forward('missing'), { match: { path: { kind: 'prefix', value: '/m', ignoreCase: false } } }),
        route(forward('empty'), { match: { path: { kind: 'prefix', value: '/e', ignoreCase: false } } }),
      ],
      [cluster('empty', [])],
    );
    const redirect = await ask(port, { path: '/r?q' });
    expect([redirect.status, redirect.headers.location]).toEqual([301, 'http://other/r?q']);
    expect(await ask(port, { path: '/d' })).toMatchObject({ status: 418, body: 'teapot' });
    expect(await ask(port, { path: '/m' })).toMatchObject({ status: 503 });
    expect(await ask(port, { path: '/e' })).toMatchObject({ status: 503, body: 'no healthy upstream' });
    expect(await ask(port, { path: '/none' })).toMatchObject({ status: 404 });
  });

  it('rewrites path, host and headers', async () => {
    const app = kept(await named('app'));
    const { port } = await serve(
      [
        route(
          forward('a', { path: { kind: 'prefix', value: '/v2' }, host: { kind: 'literal', value: 'inner' } }),
          {
            match: { path: { kind: 'prefix', value: '/v1', ignoreCase: false } },
            requestHeaders: { set: [{ name: 'x-set', value: '1' }], add: [], remove: ['x-gone'] },
            responseHeaders: { set: [], add: [{ name: 'x-answer', value: 'yes' }], remove: ['x-backend'] },
          },
        ),
      ],
      [cluster('a', [endpoint(app.port)])],
    );
    const answer = await ask(port, { path: '/v1/x', headers: { 'x-gone': '1' } });
    const seen = JSON.parse(answer.body);
    expect(seen.url).toBe('/v2/x');
    expect(seen.headers).toMatchObject({ host: 'inner', 'x-set': '1', 'x-envoy-original-path': '/v1/x' });
    expect(seen.headers['x-gone']).toBeUndefined();
    expect(answer.headers['x-answer']).toBe('yes');
    expect(answer.headers['x-backend']).toBeUndefined();
  });
});

describe('retries', () => {
  it('hides a failing host behind another', async () => {
    const good = kept(await named('good'));
    const bad = kept(await backend((_request, response) => response.writeHead(500).end('no')));
    const { port } = await serve(
      [route(forward('a', { retry: retry({ retries: 10 }) }))],
      [cluster('a', [endpoint(good.port), endpoint(bad.port)])],
    );
    for (let i = 0; i < 40; i++)
      expect(await ask(port, { method: 'POST', body: `b${i}` })).toMatchObject({ status: 200 });
    expect(bad.count()).toBeGreaterThan(0);
  });

  it('gives up with the last response', async () => {
    const bad = kept(await backend((_request, response) => response.writeHead(503).end('sorry')));
    const { port } = await serve(
      [route(forward('a', { retry: retry() }))],
      [cluster('a', [endpoint(bad.port)])],
    );
    expect(await ask(port)).toMatchObject({ status: 503, body: 'sorry' });
    expect(bad.count()).toBe(3);
  });

  it('says why it could not connect', async () => {
    const { port } = await serve([route(forward('a'))], [cluster('a', [endpoint(1)])]);
    const answer = await ask(port);
    expect(answer.status).toBe(503);
    expect(answer.body).toBe(
      'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: ECONNREFUSED',
    );
  });

  it('tells a name that does not exist from a host that does not answer', async () => {
    const missing = Object.assign(new Error('no such name'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' });
    const ended: StreamInfo[] = [];
    const engine = await startEngine(
      tables({
        listeners: [listener('l', [httpChain(manager(routeTable([host([route(forward('any'))])])))])],
        clusters: [cluster('any', [], { discovery: { kind: 'dynamic-forward-proxy' } })],
      }),
      {
        resolve: (_, callback) => callback(missing, []),
        observe: { httpLoggers: () => [(info) => void ended.push(info)] },
      },
    );
    cleanup.push(() => engine.destroy());
    const answer = await ask(portOf(engine, 'l'), { host: 'nowhere.test:80' });
    expect(answer.status).toBe(503);
    expect(answer.body).toContain('ENOTFOUND');
    await expect.poll(() => ended[0]?.flags).toEqual(['DF']);
  });

  it('goes to another endpoint when one is gone', async () => {
    const good = kept(await named('good'));
    const { port } = await serve(
      [route(forward('a', { retry: retry({ on: new Set(['connect-failure']) }) }))],
      [cluster('a', [endpoint(1), endpoint(good.port)])],
    );
    for (let i = 0; i < 10; i++) expect((await ask(port)).status).toBe(200);
  });
});

describe('time', () => {
  it('answers 504 after the route timeout and resets upstream', async () => {
    let closed = false;
    const slow = kept(
      await backend((request) =>
        request.on('close', () => {
          closed = true;
        }),
      ),
    );
    const { port } = await serve(
      [route(forward('a', { timeoutMs: 100 }))],
      [cluster('a', [endpoint(slow.port)])],
    );
    expect(await ask(port)).toMatchObject({ status: 504, body: 'upstream request timeout' });
    await expect.poll(() => closed).toBe(true);
  });

  it('tries again after a per-try timeout', async () => {
    const first = Promise.withResolvers<void>();
    const app = kept(
      await backend((_request, response) => {
        if (app.count() === 1) first.resolve();
        else response.end('second');
      }),
    );
    const clock = new VirtualClock();
    const { port } = await serve(
      [route(forward('a', { retry: retry({ perTryTimeoutMs: 100 }) }))],
      [cluster('a', [endpoint(app.port)])],
      {},
      { wheel: new TimerWheel({ clock }) },
    );
    const answer = ask(port);
    await first.promise;
    clock.advance(100);
    // Then the pause before the next try.
    await expect
      .poll(() => {
        clock.advance(10);
        return app.count();
      })
      .toBe(2);
    expect(await answer).toMatchObject({ status: 200, body: 'second' });
  });
});

describe('connections', () => {
  it('reuses them, and survives their being closed while idle', async () => {
    const app = kept(await named('app'));
    const { port, engine } = await serve([route(forward('a'))], [cluster('a', [endpoint(app.port)])]);
    for (let i = 0; i < 5; i++) expect((await ask(port)).status).toBe(200);
    const state = engine.clusters.get('a')?.endpoints[0];
    expect(state?.counters.connectionsTotal).toBe(1);
    app.server.closeAllConnections();
    for (let i = 0; i < 5; i++) expect((await ask(port)).status).toBe(200);
    expect(state?.active).toBe(0);
  });

  it('resets upstream when the client leaves', async () => {
    let left = 0;
    const app = kept(
      await backend((request, response) => {
        response.on('close', () => left++);
        if (request.url === '/hang') response.write('part');
      }),
    );
    const { port, engine } = await serve([route(forward('a'))], [cluster('a', [endpoint(app.port)])]);
    const controller = new AbortController();
    const pending = fetch(`http://127.0.0.1:${port}/hang`, { signal: controller.signal });
    await pending;
    controller.abort();
    await expect.poll(() => left).toBe(1);
    await expect.poll(() => engine.clusters.get('a')?.endpoints[0]?.active).toBe(0);
  });

  it('passes large bodies both ways under backpressure', async () => {
    const size = 8 * 1024 * 1024;
    const app = kept(
      await backend((request, response) => {
        response.writeHead(200, { 'content-length': String(size) });
        request.pipe(response);
      }),
    );
    const { port } = await serve([route(forward('a'))], [cluster('a', [endpoint(app.port)])]);
    const answer = await ask(port, { method: 'POST', body: 'x'.repeat(size) });
    expect(answer.body.length).toBe(size);
  });

  it('overflows with UO when requests are too many', async () => {
    const held: (() => void)[] = [];
    const app = kept(await backend((_request, response) => held.push(() => response.end('ok'))));
    const limits = { connections: 1, pending: 1, requests: 2, retries: 1 };
    const { port, engine } = await serve(
      [route(forward('a'))],
      [cluster('a', [endpoint(app.port)], { breakers: { default: limits, high: limits } })],
    );
    const one = ask(port);
    await expect.poll(() => held.length).toBe(1);
    const two = ask(port);
    await expect.poll(() => engine.clusters.get('a')?.breakers.default.requests.value).toBe(2);
    const third = await ask(port);
    expect(third).toMatchObject({ status: 503, headers: { 'x-envoy-overloaded': 'true' } });
    held[0]?.();
    await expect.poll(() => held.length).toBe(2);
    held[1]?.();
    expect([(await one).status, (await two).status]).toEqual([200, 200]);
  });
});

import { Agent } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../engine.ts';
import type { StreamInfo } from '../http/stream-info.ts';
import { type Backend, backend, named, tcpBackend } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { ask } from '../testing/client.ts';
import { portOf, startEngine } from '../testing/engine.ts';
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
} from '../testing/tables.ts';

const cleanup = cleanupAfterEach();
const kept = <T extends { close(): Promise<void> }>(made: T): T => {
  cleanup.push(() => made.close());
  return made;
};

async function serve(
  routes: Parameters<typeof host>[0],
  clusters: Parameters<typeof tables>[0]['clusters'],
  more: Parameters<typeof manager>[1] = {},
): Promise<{ engine: Engine; port: number; infos: StreamInfo[] }> {
  const infos: StreamInfo[] = [];
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routeTable([host(routes)]), more))])],
      clusters: clusters ?? [],
    }),
    {
      observe: { httpLoggers: () => [(info) => infos.push(info)] },
    },
  );
  cleanup.push(() => engine.destroy());
  return { engine, port: portOf(engine, 'l'), infos };
}

/** Everything that a request takes has been given back. */
async function settled(engine: Engine): Promise<void> {
  await expect
    .poll(() =>
      [...engine.clusters.clusters]
        .flatMap(({ breakers, endpoints }) => [
          breakers.default.requests.value,
          breakers.default.pending.value,
          breakers.default.retries.value,
          ...endpoints.map(({ active }) => active),
        ])
        .every((value) => value === 0),
    )
    .toBe(true);
}

describe('mirroring', () => {
  it('sends a copy with -shadow in the host, and waits for nobody', async () => {
    const seen: { host: string | undefined; body: string }[] = [];
    const app = kept(await named('app'));
    const shadow = kept(
      await backend((request, response) => {
        let body = '';
        request.on('data', (chunk) => {
          body += chunk;
        });
        request.on('end', () => {
          seen.push({ host: request.headers.host, body });
          response.end('ignored');
        });
      }),
    );
    const { port, engine } = await serve(
      [route(forward('a', { mirrors: [{ cluster: 's', fraction: 1_000_000 }] }))],
      [cluster('a', [endpoint(app.port)]), cluster('s', [endpoint(shadow.port)])],
    );
    const answer = await ask(port, { method: 'POST', body: 'twice', host: 'reviews:9080' });
    expect(JSON.parse(answer.body)).toMatchObject({ body: 'twice', headers: { host: 'reviews:9080' } });
    await expect.poll(() => seen).toEqual([{ host: 'reviews-shadow:9080', body: 'twice' }]);
    await settled(engine);
  });

  it('does not mind a mirror that is down', async () => {
    const app = kept(await named('app'));
    const { port, engine } = await serve(
      [route(forward('a', { mirrors: [{ cluster: 's', fraction: 1_000_000 }] }))],
      [cluster('a', [endpoint(app.port)]), cluster('s', [endpoint(1)])],
    );
    expect((await ask(port, { method: 'POST', body: 'x' })).status).toBe(200);
    await settled(engine);
  });
});

describe('hosts outside the mesh', () => {
  const outside = cluster('PassthroughCluster', [], {
    discovery: { kind: 'dynamic-forward-proxy' },
    balancer: { kind: 'cluster-provided' },
  });

  it('are reached by the name in the request', async () => {
    const app = kept(await named('app'));
    const { port, engine } = await serve([route(forward('PassthroughCluster'))], [outside]);
    const answer = await ask(port, {
      host: `localhost:${app.port}`,
      path: `http://localhost:${app.port}/abs?q`,
    });
    expect(JSON.parse(answer.body)).toMatchObject({
      url: '/abs?q',
      headers: { host: `localhost:${app.port}` },
    });
    await settled(engine);
    await app.close();
    await expect.poll(() => engine.clusters.get('PassthroughCluster')?.endpoints.length).toBe(0);
  });

  it('are not the proxy itself, by address or by name', async () => {
    const { port } = await serve([route(forward('PassthroughCluster'))], [outside]);
    expect(await ask(port, { host: `127.0.0.1:${port}` })).toMatchObject({
      status: 503,
      body: 'no healthy upstream',
    });
    const byName = await ask(port, { host: `localhost:${port}` });
    expect(byName.status).toBe(503);
    expect(byName.body).toContain('localhost is this proxy itself');
  });
});

describe('a request that goes wrong', () => {
  it('says why in flags and details', async () => {
    const broken = kept(await tcpBackend((socket) => socket.once('data', () => socket.destroy())));
    const garbage = kept(
      await tcpBackend((socket) => socket.once('data', () => socket.end('this is not HTTP\r\n\r\n'))),
    );
    const at = (prefix: string) => ({
      match: { path: { kind: 'prefix', value: prefix, ignoreCase: false } as const },
    });
    const { port, infos, engine } = await serve(
      [
        route(forward('broken'), at('/b')),
        route(forward('garbage'), at('/g')),
        route(forward('none'), at('/n')),
        route(forward('broken', { retry: retry({ retries: 1 }) }), at('/r')),
      ],
      [cluster('broken', [endpoint(broken.port)]), cluster('garbage', [endpoint(garbage.port)])],
    );
    expect(await ask(port, { path: '/b' })).toMatchObject({
      status: 503,
      body: expect.stringContaining('reset reason: connection termination'),
    });
    expect(await ask(port, { path: '/g' })).toMatchObject({
      status: 502,
      body: expect.stringContaining('reset reason: protocol error'),
    });
    expect((await ask(port, { path: '/n' })).status).toBe(503);
    expect((await ask(port, { path: '/r' })).body).toContain('retried and the latest reset reason');
    expect((await ask(port, { path: '/zzz' })).status).toBe(404);
    expect(infos.map(({ flags, details }) => [flags.join(), details])).toEqual([
      ['UC', 'upstream_reset_before_response_started{connection_termination}'],
      ['UPE', 'upstream_reset_before_response_started{protocol_error}'],
      ['NC', 'cluster_not_found'],
      ['UC,URX', 'upstream_reset_before_response_started{connection_termination}'],
      ['NR', 'route_not_found'],
    ]);
    await settled(engine);
  });

  it('is cut when its response breaks off', async () => {
    const half = kept(
      await tcpBackend((socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')),
      ),
    );
    const { port, infos, engine } = await serve([route(forward('a'))], [cluster('a', [endpoint(half.port)])]);
    await expect(ask(port)).rejects.toThrow();
    await expect.poll(() => infos[0]?.flags).toEqual(['UC']);
    await settled(engine);
  });

  it('is answered in gRPC to a gRPC client', async () => {
    const { port } = await serve([route(forward('a'))], [cluster('a', [])]);
    const answer = await ask(port, { method: 'POST', headers: { 'content-type': 'application/grpc+proto' } });
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'grpc-status': '14', 'grpc-message': 'no healthy upstream' },
    });
  });

  it('gives up an idle stream', async () => {
    const stuck = kept(await backend(() => {}));
    const { port, infos, engine } = await serve(
      [route(forward('a', { idleTimeoutMs: 100 }))],
      [cluster('a', [endpoint(stuck.port)])],
    );
    expect(await ask(port)).toMatchObject({ status: 408, body: 'stream timeout' });
    expect(infos[0]?.flags).toEqual(['SI']);
    await settled(engine);
  });

  it('is refused an upgrade that nobody allows', async () => {
    const app = kept(await named('app'));
    const { port } = await serve([route(forward('a'))], [cluster('a', [endpoint(app.port)])]);
    await expect(
      ask(port, { headers: { connection: 'upgrade', upgrade: 'websocket' } }),
    ).resolves.toMatchObject({ status: 403 });
    expect(app.count()).toBe(0);
  });
});

describe('retries', () => {
  it('send the body again, also while it is still coming', async () => {
    let first = true;
    const app = kept(
      await backend((request, response) => {
        let body = '';
        if (first) {
          first = false;
          response.writeHead(503).end();
          return;
        }
        request.on('data', (chunk) => {
          body += chunk;
        });
        request.on('end', () => response.end(body));
      }),
    );
    const { port } = await serve(
      [route(forward('a', { retry: retry() }))],
      [cluster('a', [endpoint(app.port)])],
    );
    const socket = connect(port, '127.0.0.1');
    cleanup.push(() => socket.destroy());
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhello');
    await expect.poll(() => app.count()).toBe(2);
    socket.write('world');
    await expect.poll(() => answer).toMatch(/200 OK[\s\S]*helloworld/);
  });

  it('are not made for a body that is too large to keep', async () => {
    let requests = 0;
    const app = kept(
      await backend((request, response) => {
        requests++;
        request.resume();
        request.on('end', () => response.writeHead(503).end());
      }),
    );
    const { port, engine } = await serve(
      [route(forward('a', { retry: retry() }))],
      [cluster('a', [endpoint(app.port)])],
    );
    expect((await ask(port, { method: 'POST', body: 'x'.repeat(2 * 1024 * 1024) })).status).toBe(503);
    expect(requests).toBe(1);
    await settled(engine);
  });

  it('hide every failure of a host that fails half of its requests', async () => {
    let turn = 0;
    const green = kept(await named('green'));
    const buggy = kept(
      await backend((_request, response) =>
        turn++ % 2 === 0 ? response.writeHead(500).end('bug') : response.end('ok'),
      ),
    );
    const { port, engine } = await serve(
      [route(forward('a', { retry: retry({ retries: 10, on: new Set(['5xx']) }) }))],
      [cluster('a', [endpoint(green.port), endpoint(buggy.port)])],
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    cleanup.push(() => agent.destroy());
    const answers = await Promise.all(Array.from({ length: 500 }, () => ask(port, { agent })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(buggy.count()).toBeGreaterThan(100);
    await settled(engine);
    // Unwanted responses were read to their end, so their connections were kept.
    expect(engine.clusters.get('a')?.endpoints[1]?.counters.connectionsTotal).toBeLessThan(30);
  });
});

describe('leaks', () => {
  it('there are none after clients that leave at any moment', async () => {
    const app: Backend = kept(
      await backend((request, response) => {
        request.resume();
        response.writeHead(200);
        response.write('x'.repeat(100_000));
        setImmediate(() => response.end('y'.repeat(100_000)));
      }),
    );
    const { port, engine, infos } = await serve(
      [route(forward('a', { retry: retry(), timeoutMs: 5_000 }))],
      [cluster('a', [endpoint(app.port)])],
    );
    await Promise.all(
      Array.from(
        { length: 100 },
        (_, i) =>
          new Promise<void>((resolve) => {
            const socket = connect(port, '127.0.0.1', () => {
              socket.write(
                i % 2 === 0
                  ? 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
                  : 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf',
              );
              let turns = i % 7;
              const leave = (): void => {
                if (turns-- > 0) setImmediate(leave);
                else socket.destroy();
              };
              leave();
            });
            socket.on('error', () => {});
            socket.on('close', () => resolve());
          }),
      ),
    );
    await settled(engine);
    await expect.poll(() => engine.listeners.connections).toBe(0);
    expect(engine.chains.counters.get('test')?.active).toBe(0);
    expect(infos.length).toBe(engine.chains.counters.get('test')?.total);
  });
});

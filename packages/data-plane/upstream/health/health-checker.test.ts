import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Endpoint } from '@tulle/decision/tables/endpoint';
import type { HealthCheck, HttpCheck } from '@tulle/decision/tables/health-check';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../engine.ts';
import { backend, tcpBackend } from '../../testing/backend.ts';
import { cleanupAfterEach } from '../../testing/cleanup.ts';
import { ask } from '../../testing/client.ts';
import { portOf, startEngine } from '../../testing/engine.ts';
import { http2Backend } from '../../testing/http2.ts';
import {
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  route,
  routeTable,
  tables,
} from '../../testing/tables.ts';
import { TimerWheel } from '../../timers/wheel.ts';

const cleanUps = cleanupAfterEach();

const everyMs = 20;
const http: HttpCheck = {
  kind: 'http',
  http2: false,
  method: 'GET',
  host: '',
  path: '/healthz',
  headers: [['x-check', 'yes']],
  removedHeaders: [],
  expected: [{ start: 200, end: 201 }],
  retriable: [{ start: 429, end: 430 }],
  receive: [],
  bodyLimit: 1024,
};
const checking = (check: HealthCheck['check'], more: Partial<HealthCheck> = {}): HealthCheck => ({
  timeoutMs: 60_000,
  intervals: {
    healthyMs: everyMs,
    unhealthyEdgeMs: everyMs,
    unhealthyMs: everyMs,
    healthyEdgeMs: everyMs,
    noTrafficMs: everyMs,
    noTrafficHealthyMs: everyMs,
    jitterMs: 0,
    jitterPercent: 0,
    initialJitterMs: 0,
  },
  unhealthyThreshold: 2,
  healthyThreshold: 2,
  reuseConnection: true,
  check,
  ...more,
});

/** An application whose health check has the answer that is set. */
async function checked(status: number | 'none' = 200) {
  const seen: { url: string; headers: Record<string, unknown> }[] = [];
  const state = { status };
  let connections = 0;
  const made = await backend((request, response) => {
    if (request.url !== '/healthz') response.end('served');
    else {
      seen.push({ url: request.url, headers: { ...request.headers } });
      if (state.status === 'none') request.socket.resetAndDestroy();
      else response.writeHead(state.status).end('I am fine');
    }
  });
  made.server.on('connection', () => connections++);
  cleanUps.push(made.close);
  return { port: made.port, seen, state, connections: () => connections };
}

/** An engine with one cluster, on a wheel that turns fast. */
async function engineWith(endpoints: readonly Endpoint[], more: Partial<Cluster>) {
  const configure = (list: readonly Endpoint[], changes: Partial<Cluster> = more) =>
    tables({
      clusters: [cluster('a', list, changes)],
      listeners: [listener('l', [httpChain(manager(routeTable([host([route(forward('a'))])])))])],
    });
  const engine = await startEngine(configure(endpoints), { wheel: new TimerWheel({ tickMs: 5 }) });
  cleanUps.push(() => engine.destroy());
  return {
    engine,
    ask: () => ask(portOf(engine, 'l')),
    apply: (list: readonly Endpoint[], changes?: Partial<Cluster>) => engine.apply(configure(list, changes)),
  };
}

const state = (engine: Engine, at = 0) => engine.clusters.get('a')?.endpoints[at];
const poll = <T>(read: () => T) => expect.poll(read, { interval: 5 });
const failed = (engine: Engine, at = 0) => poll(() => state(engine, at)?.failedCheck);
const checks = (engine: Engine) => engine.clusters.get('a')?.health?.counters;
/** Resolves when so many more checks have ended. */
async function afterChecks(engine: Engine, count: number): Promise<void> {
  const ended = (): number => (checks(engine)?.successes ?? 0) + (checks(engine)?.failures ?? 0);
  const goal = ended() + count;
  await poll(ended).toBeGreaterThanOrEqual(goal);
}

describe('HTTP', () => {
  it('asks as it is told, on one connection, and counts', async () => {
    const app = await checked();
    const { engine } = await engineWith([endpoint(app.port)], { healthCheck: checking(http) });
    await afterChecks(engine, 3);
    expect(app.seen[0]).toMatchObject({ headers: { host: 'a', 'user-agent': 'Envoy/HC', 'x-check': 'yes' } });
    expect(app.connections()).toBe(1);
    expect(checks(engine)).toMatchObject({ failures: 0, networkFailures: 0 });
    expect(state(engine)).toMatchObject({ failedCheck: false, pendingCheck: false });
  });

  it('an unexpected status takes the endpoint out at once; it comes back after its threshold', async () => {
    const app = await checked();
    const { engine, ask } = await engineWith([endpoint(app.port)], { healthCheck: checking(http) });
    await afterChecks(engine, 1);
    app.state.status = 500;
    await failed(engine).toBe(true);
    expect((await ask()).status).toBe(503);
    expect(checks(engine)).toMatchObject({ networkFailures: 0 });
    app.state.status = 200;
    await failed(engine).toBe(false);
    expect(await ask()).toMatchObject({ status: 200, body: 'served' });
    expect(checks(engine)?.successes).toBeGreaterThanOrEqual(3);
  });

  it('no answer and retriable statuses count to the threshold', async () => {
    for (const status of ['none', 429] as const) {
      const app = await checked();
      const { engine } = await engineWith([endpoint(app.port)], {
        healthCheck: checking(http, { unhealthyThreshold: 3 }),
      });
      await afterChecks(engine, 1);
      const before = checks(engine)?.failures ?? 0;
      app.state.status = status;
      await failed(engine).toBe(true);
      expect((checks(engine)?.failures ?? 0) - before).toBeGreaterThanOrEqual(3);
      expect(checks(engine)?.networkFailures).toBe(checks(engine)?.failures);
    }
  });

  it('an answer that is late is none', async () => {
    const silent = await backend((request, response) => {
      if (request.url !== '/healthz') response.end('served');
    });
    cleanUps.push(silent.close);
    const { engine } = await engineWith([endpoint(silent.port)], {
      healthCheck: checking(http, { timeoutMs: 15, unhealthyThreshold: 1 }),
    });
    await failed(engine).toBe(true);
    expect(checks(engine)?.networkFailures).toBeGreaterThan(0);
  });

  it('looks into the body', async () => {
    const app = await checked();
    const looking = (text: string) => ({ healthCheck: checking({ ...http, receive: [Buffer.from(text)] }) });
    const { engine, apply } = await engineWith([endpoint(app.port)], looking('fine'));
    await afterChecks(engine, 2);
    expect(state(engine)?.failedCheck).toBe(false);
    await apply([endpoint(app.port)], looking('not so'));
    await failed(engine).toBe(true);
  });

  it('a connection for each check, where none is to be kept', async () => {
    const app = await checked();
    const { engine } = await engineWith([endpoint(app.port)], {
      healthCheck: checking(http, { reuseConnection: false }),
    });
    await afterChecks(engine, 3);
    expect(app.connections()).toBeGreaterThanOrEqual(3);
  });

  it('speaks HTTP/2', async () => {
    const { port, accepted, close } = await http2Backend((stream) =>
      stream.respond({ ':status': 200 }, { endStream: true }),
    );
    cleanUps.push(close);
    const { engine } = await engineWith([endpoint(port)], {
      healthCheck: checking({ ...http, http2: true }),
    });
    await afterChecks(engine, 2);
    expect(checks(engine)).toMatchObject({ failures: 0 });
    expect(accepted()).toBe(1);
  });
});

describe('endpoints', () => {
  it('a new one gets no requests before a check has passed; those of the first round do', async () => {
    const old = await checked();
    const sick = await checked(500);
    const { engine, apply, ask } = await engineWith([endpoint(old.port)], { healthCheck: checking(http) });
    expect((await ask()).status).toBe(200);
    await apply([endpoint(old.port), endpoint(sick.port)]);
    expect(state(engine, 1)).toMatchObject({ failedCheck: true, pendingCheck: true });
    await poll(() => sick.seen.length).toBeGreaterThan(0);
    for (let i = 0; i < 4; i++) await ask();
    expect(state(engine, 1)?.counters.requestsTotal).toBe(0);
    sick.state.status = 200;
    await failed(engine, 1).toBe(false);
  });

  it('health is carried over a swap, and forgotten with the checks', async () => {
    const app = await checked(500);
    const healthCheck = checking(http);
    const { engine, apply } = await engineWith([endpoint(app.port)], { healthCheck });
    await failed(engine).toBe(true);
    await apply([endpoint(app.port, { weight: 7 })], { healthCheck, connectTimeoutMs: 77 });
    expect(state(engine)?.failedCheck).toBe(true);
    await apply([endpoint(app.port)], { healthCheck: checking(http, { timeoutMs: 50_000 }) });
    expect(state(engine)?.failedCheck).toBe(true);
    await apply([endpoint(app.port)], {});
    expect(state(engine)?.failedCheck).toBe(false);
    const before = app.seen.length;
    await apply([endpoint(app.port)], { healthCheck });
    await poll(() => app.seen.length).toBeGreaterThan(before);
  });

  it('may be asked elsewhere, under another name, or not at all', async () => {
    const app = await checked();
    const aside = await checked();
    const { engine } = await engineWith(
      [
        endpoint(app.port, { healthCheck: { disabled: false, port: aside.port, hostname: 'other.example' } }),
        endpoint(1, { healthCheck: { disabled: true } }),
      ],
      { healthCheck: checking(http) },
    );
    await afterChecks(engine, 2);
    expect(app.seen).toEqual([]);
    expect(aside.seen[0]).toMatchObject({ headers: { host: 'other.example' } });
    expect(state(engine, 1)?.failedCheck).toBe(false);
  });

  it('are not asked any more when they are gone', async () => {
    const app = await checked();
    const { engine, apply } = await engineWith([endpoint(app.port)], { healthCheck: checking(http) });
    await afterChecks(engine, 1);
    await apply([]);
    expect(engine.wheel.armed).toBe(0);
  });
});

describe('TCP', () => {
  it('a connection that opens', async () => {
    const echo = await tcpBackend((socket) => socket.pipe(socket));
    const { engine } = await engineWith([endpoint(echo.port)], {
      healthCheck: checking({ kind: 'tcp', send: Buffer.alloc(0), receive: [] }, { unhealthyThreshold: 1 }),
    });
    await afterChecks(engine, 2);
    expect(checks(engine)).toMatchObject({ failures: 0 });
    await echo.close();
    await failed(engine).toBe(true);
  });

  it('what is sent and what comes, in pieces, on one connection', async () => {
    let connections = 0;
    let answer = '+PONG\r\n';
    const server = await tcpBackend((socket) => {
      connections++;
      socket.on('data', () => {
        for (const byte of answer) socket.write(byte);
      });
    });
    cleanUps.push(server.close);
    const ping = { kind: 'tcp', send: Buffer.from('PING\r\n'), receive: [Buffer.from('PONG')] } as const;
    const pinged = (timeoutMs: number) => ({
      healthCheck: checking(ping, { timeoutMs, unhealthyThreshold: 1 }),
    });
    const { engine, apply } = await engineWith([endpoint(server.port)], pinged(60_000));
    await afterChecks(engine, 3);
    expect(checks(engine)).toMatchObject({ failures: 0 });
    expect(connections).toBe(1);
    answer = '-LOADING\r\n';
    await apply([endpoint(server.port)], pinged(50));
    await failed(engine).toBe(true);
  });
});

describe('gRPC', () => {
  it('SERVING is fit; NOT_SERVING and errors are not', async () => {
    let status = 1;
    let code = '0';
    const asked: Buffer[] = [];
    const { port, close } = await http2Backend((stream, headers) => {
      expect(headers[':path']).toBe('/grpc.health.v1.Health/Check');
      stream.on('data', (chunk: Buffer) => asked.push(chunk));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': code }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, status]));
    });
    cleanUps.push(close);
    const { engine } = await engineWith([endpoint(port)], {
      healthCheck: checking(
        { kind: 'grpc', service: 'ratings', authority: '', metadata: [] },
        { healthyThreshold: 1 },
      ),
    });
    await afterChecks(engine, 2);
    expect(checks(engine)).toMatchObject({ failures: 0 });
    expect(Buffer.concat(asked).subarray(0, 14)).toEqual(Buffer.from('\0\0\0\0\x09\x0a\x07ratings'));
    status = 2;
    await failed(engine).toBe(true);
    status = 1;
    await failed(engine).toBe(false);
    code = '12';
    await failed(engine).toBe(true);
  });
});

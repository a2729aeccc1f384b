import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Engine } from './engine.ts';
import {
  ask,
  type Exchange,
  application as openApplication,
  pairs,
  type Version,
} from './testing/application.ts';
import { cleanupAfterEach } from './testing/cleanup.ts';
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

const cleanup = cleanupAfterEach();

async function application(version: Version, handle: (exchange: Exchange) => void): Promise<number> {
  const made = await openApplication(version, handle);
  cleanup.push(() => made.close());
  return made.port;
}

/** An engine whose one cluster `a` speaks `version` to `port`. */
async function proxy(
  version: Version,
  port: number,
  more: {
    readonly action?: Parameters<typeof forward>[1];
    readonly cluster?: Parameters<typeof cluster>[2];
    readonly manager?: Parameters<typeof manager>[1];
  } = {},
): Promise<{ engine: Engine; port: number }> {
  const routes = [route(forward('a', more.action))];
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routeTable([host(routes)]), more.manager))])],
      clusters: [
        cluster('a', [endpoint(port)], {
          protocol: version === 'HTTP/2' ? 'http2' : 'http1',
          ...more.cluster,
        }),
      ],
    }),
  );
  cleanup.push(() => engine.destroy());
  return { engine, port: portOf(engine, 'l') };
}

describe.each(pairs)('%s to %s', (down, up) => {
  it('a request with its body and fields, an answer with its own', async () => {
    const seen: unknown[] = [];
    const app = await application(up, async (exchange) => {
      const body = await exchange.body();
      seen.push([
        exchange.method,
        exchange.path,
        exchange.headers.host,
        exchange.headers['x-one'],
        body.toString(),
      ]);
      exchange.answer(201, { 'x-two': 'b', 'content-type': 'text/plain' }, 'answer');
    });
    const { port } = await proxy(up, app);
    const answer = await ask(down, port, {
      method: 'POST',
      path: '/p?q=1',
      headers: { 'x-one': 'a' },
      body: 'request',
    });
    expect(seen).toEqual([['POST', '/p?q=1', 'app:80', 'a', 'request']]);
    expect([answer.status, answer.headers['x-two'], answer.body.toString()]).toEqual([201, 'b', 'answer']);
    expect(answer.headers.connection ?? 'keep-alive').not.toBe('close, close');
  });

  it('HEAD, 204 and an empty POST', async () => {
    const lengths: unknown[] = [];
    const app = await application(up, (exchange) => {
      if (exchange.method === 'HEAD') exchange.answer(200, { 'content-length': '5' });
      else if (exchange.path === '/204') exchange.answer(204);
      else {
        lengths.push(exchange.headers['content-length']);
        exchange.answer(200, {}, 'x');
      }
    });
    const { port } = await proxy(up, app);
    expect(await ask(down, port, { method: 'HEAD' })).toMatchObject({
      status: 200,
      headers: { 'content-length': '5' },
      broken: false,
    });
    expect(await ask(down, port, { path: '/204' })).toMatchObject({ status: 204, broken: false });
    expect(await ask(down, port, { method: 'POST', body: '' })).toMatchObject({ status: 200, broken: false });
    expect(lengths[0] ?? '0').toBe('0');
  });

  it('trailers both ways', async () => {
    const seen: unknown[] = [];
    const app = await application(up, async (exchange) => {
      await exchange.body();
      seen.push(exchange.trailers()['x-sum'], exchange.headers.te);
      exchange.answer(200, {}, 'body', { 'grpc-status': '7', 'x-end': 'yes' });
    });
    const { port } = await proxy(up, app);
    const answer = await ask(down, port, {
      method: 'POST',
      headers: { te: 'trailers', ...(down === 'HTTP/1.1' && { 'transfer-encoding': 'chunked' }) },
      body: 'b',
      trailers: { 'x-sum': '42' },
    });
    expect(seen).toEqual(['42', 'trailers']);
    expect(answer).toMatchObject({ status: 200, trailers: { 'grpc-status': '7', 'x-end': 'yes' } });
  });

  it('informational answers', async () => {
    const app = await application(up, (exchange) => {
      exchange.informational(103);
      exchange.answer(200, {}, 'x');
    });
    const { port } = await proxy(up, app);
    expect(await ask(down, port)).toMatchObject({ status: 200, informational: [103] });
  });

  it('bodies of megabytes both ways, byte for byte', async () => {
    const body = randomBytes(5 * 1024 * 1024 + 7);
    const hash = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');
    const app = await application(up, async (exchange) => {
      exchange.answer(200, {}, await exchange.body());
    });
    const { port } = await proxy(up, app);
    const answer = await ask(down, port, { method: 'POST', body });
    expect([answer.status, hash(answer.body)]).toEqual([200, hash(body)]);
  });

  it('an answer before the request is complete', async () => {
    const app = await application(up, (exchange) => exchange.answer(413, {}, 'too much'));
    const { port } = await proxy(up, app);
    const answer = await ask(down, port, { method: 'POST', body: randomBytes(200_000) });
    expect([answer.status, answer.body.toString()]).toEqual([413, 'too much']);
  });

  it('an answer that breaks off breaks off at the client', async () => {
    const app = await application(up, (exchange) => exchange.breakOff());
    const { port } = await proxy(up, app);
    const answer = await ask(down, port);
    expect(answer.broken).toBe(true);
  });

  it('a request that nobody answers is 503, or tried again', async () => {
    let asked = 0;
    const app = await application(up, (exchange) => {
      if (++asked < 3) exchange.reset();
      else exchange.answer(200, {}, 'third');
    });
    const once = await proxy(up, app);
    expect((await ask(down, once.port)).status).toBe(503);
    const again = await proxy(up, app, { action: { retry: retry({ retries: 3 }) } });
    expect(await ask(down, again.port)).toMatchObject({ status: 200 });
  });
});

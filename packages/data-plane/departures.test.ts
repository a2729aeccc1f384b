import { request as httpRequest } from 'node:http';
import { constants } from 'node:http2';
import { describe, expect, it } from 'vitest';
import type { Engine } from './engine.ts';
import { pairs, type Version } from './testing/application.ts';
import { backend } from './testing/backend.ts';
import { cleanupAfterEach } from './testing/cleanup.ts';
import { portOf, startEngine } from './testing/engine.ts';
import { http2Backend, http2Session } from './testing/http2.ts';
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
} from './testing/tables.ts';

const cleanup = cleanupAfterEach();

/** How far an application goes with a request before it waits for ever, or breaks it off. */
type Until = 'nothing' | 'head' | 'body';

/** One exchange, seen from either end: what has been said, and how to leave. */
interface End {
  /** Resolves when the other end has left. */
  readonly left: Promise<void>;
  leave(): void;
}

/** An application that answers as far as `until`; each exchange is given to `onExchange`. */
async function application(version: Version, until: Until, onExchange: (end: End) => void): Promise<number> {
  if (version === 'HTTP/2') {
    const made = await http2Backend((stream) => {
      if (until !== 'nothing') stream.respond({ ':status': 200 });
      if (until === 'body') stream.write('some');
      stream.resume();
      const left = new Promise<void>((resolve) => stream.once('close', resolve));
      onExchange({ left, leave: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR) });
    });
    cleanup.push(() => made.close());
    return made.port;
  }
  const made = await backend((request, response) => {
    if (until !== 'nothing') response.writeHead(200).flushHeaders();
    if (until === 'body') response.write('some');
    request.resume();
    request.on('error', () => {});
    const left = new Promise<void>((resolve) => response.once('close', resolve));
    onExchange({ left, leave: () => request.socket.destroy() });
  });
  cleanup.push(() => made.close());
  return made.port;
}

/** A request whose body is never complete, or that has none. */
async function ask(version: Version, port: number, body: boolean): Promise<End> {
  if (version === 'HTTP/2') {
    const session = await http2Session(port);
    cleanup.push(() => session.destroy());
    const stream = session.request({ ':path': '/', ':method': body ? 'POST' : 'GET' }, { endStream: !body });
    if (body) stream.write('part');
    stream.on('error', () => {});
    stream.resume();
    const left = new Promise<void>((resolve) => stream.once('close', resolve));
    return { left, leave: () => stream.close(constants.NGHTTP2_CANCEL) };
  }
  const asked = httpRequest({ host: '127.0.0.1', port, method: body ? 'POST' : 'GET', agent: false });
  asked.on('error', () => {});
  asked.on('response', (response) => response.on('error', () => {}).resume());
  if (body) asked.write('part');
  else asked.end();
  const left = new Promise<void>((resolve) => asked.once('close', resolve));
  return { left, leave: () => asked.destroy() };
}

async function proxy(version: Version, port: number): Promise<{ engine: Engine; port: number }> {
  const routes = routeTable([host([route(forward('a'))])]);
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(manager(routes))])],
      clusters: [cluster('a', [endpoint(port)], { protocol: version === 'HTTP/2' ? 'http2' : 'http1' })],
    }),
  );
  cleanup.push(() => engine.destroy());
  return { engine, port: portOf(engine, 'l') };
}

/** Nothing is held for an exchange that is over. */
async function nothingLeft(engine: Engine): Promise<void> {
  const of = engine.clusters.get('a') as NonNullable<ReturnType<Engine['clusters']['get']>>;
  const { requests, pending } = of.breakers.default;
  const active = (): number => requests.value + pending.value + (of.endpoints[0]?.active ?? 0);
  while (active() > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(active()).toBe(0);
}

const points = (['nothing', 'head', 'body'] as const).flatMap((until) =>
  [false, true].map((body) => [until, body] as const),
);

describe.each(pairs)('%s to %s', (down, up) => {
  it.each(points)(
    'who leaves after an answer of %s (request goes on: %s) is followed at the other end',
    async (until, body) => {
      for (const who of ['client', 'server'] as const) {
        const { promise, resolve } = Promise.withResolvers<End>();
        const { engine, port } = await proxy(up, await application(up, until, resolve));
        const client = await ask(down, port, body);
        const server = await promise;
        (who === 'client' ? client : server).leave();
        await (who === 'client' ? server : client).left;
        await nothingLeft(engine);
      }
    },
  );
});

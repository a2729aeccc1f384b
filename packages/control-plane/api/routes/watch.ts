import type { FastifyReply } from 'fastify';
import type { ApiContext } from '../context.ts';
import type { RequestInfo } from '../request-info.ts';
import type { ListOptions } from '../selection/list-options.ts';
import type { Shaper } from '../shapes/respond.ts';
import { ResourceWatch, type WatchLine } from '../watch.ts';

/**
 * A watcher that reads so slowly that more changes than this wait for it, in bytes, is cut off; it lists
 * anew. The present state at the start of a watch is as long as it is.
 */
const maxBuffered = 16 * 1024 * 1024;

const minTimeout = 30 * 60_000;

/** Answers with a stream of `{type, object}` lines that ends by timeout, by the client or with the server. */
export function streamWatch(
  reply: FastifyReply,
  info: RequestInfo,
  options: ListOptions,
  shaper: Shaper,
  { store, clock, random, bookmarkEvery, openWatches }: ApiContext,
): void {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  raw.flushHeaders();
  const timeout =
    options.timeoutSeconds === undefined ? minTimeout * (1 + random()) : options.timeoutSeconds * 1000;
  let mostBuffered = Number.POSITIVE_INFINITY;
  const watch = new ResourceWatch({
    store,
    clock,
    info,
    options,
    bookmarkEvery,
    timeout,
    write: (line) => {
      if (raw.writableLength > mostBuffered) {
        watch.close();
        raw.destroy();
      } else raw.write(`${JSON.stringify(shape(line, shaper))}\n`);
    },
    end: () => raw.end(),
  });
  const end = (): void => {
    watch.close();
    raw.end();
  };
  openWatches.add(end);
  raw.on('close', () => {
    watch.close();
    openWatches.delete(end);
  });
  void watch.start().then(() => {
    mostBuffered = raw.writableLength + maxBuffered;
  });
}

function shape(line: WatchLine, shaper: Shaper): object {
  switch (line.type) {
    case 'BOOKMARK':
      return { type: line.type, object: shaper.bookmark(line.resourceVersion) };
    case 'ERROR':
      return { type: line.type, object: line.status };
    default:
      return { type: line.type, object: shaper.event(line.object) };
  }
}

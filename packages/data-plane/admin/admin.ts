import { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead, Stream, StreamHandler } from '../http/stream.ts';
import { defaultHttp1Limits } from '../http1/limits.ts';
import { Http1Server } from '../http1/server.ts';
import { BoundListener } from '../net/listener.ts';
import { Outboxes } from '../net/outbox.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { observeSources } from './envoy-metrics.ts';
import { type AdminAnswer, text } from './page.ts';
import { adminPages } from './pages.ts';
import type { AdminSources } from './sources.ts';

export interface AdminOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  readonly sources: AdminSources;
  readonly timers?: TimerWheel;
  readonly outboxes?: Outboxes;
}

export interface Admin {
  readonly port: number;
  /** Ends its connections too. */
  close(): Promise<void>;
}

const limits = { ...defaultHttp1Limits, maxHeadBytes: 16 * 1024, idleTimeoutMs: 60_000 };
const mostConnections = 64;

/**
 * Also adds what the sources count to their registry, under Envoy's names.
 *
 * @throws the system's error when the port is taken
 */
export async function startAdmin({ address, port, sources, timers, outboxes }: AdminOptions): Promise<Admin> {
  const shared = {
    limits,
    timers: timers ?? new TimerWheel(),
    outboxes: outboxes ?? new Outboxes(),
    scheme: 'http' as const,
  };
  const listener = await BoundListener.bind({
    address,
    port,
    maxConnections: mostConnections,
    onConnection: (socket) => {
      new Http1Server(socket, {
        ...shared,
        onRequest: (head, stream) =>
          new AdminRequest(head, stream, (request) => answer(request, address, sources)),
      });
    },
  });
  observeSources(sources);
  return {
    port: listener.port,
    async close() {
      const closed = listener.close();
      listener.destroyConnections();
      await closed;
    },
  };
}

function answer(head: RequestHead, address: string, sources: AdminSources): AdminAnswer {
  if (!isLocal(head, address)) return text('Forbidden: not for pages of other sites\n', 403);
  const [path = '', search = ''] = head.path.split(/\?(.*)/s);
  const page = adminPages.find((candidate) => candidate.path === path);
  if (page === undefined) return text(`invalid path. try /help\n`, 404);
  if (page.method === 'POST' && head.method !== 'POST')
    return text(`Method ${head.method} not allowed, POST required.\n`, 405);
  if (page.method === 'GET' && head.method !== 'GET' && head.method !== 'HEAD')
    return text('Method not allowed\n', 405);
  return page.answer(sources, new URLSearchParams(search));
}

/**
 * A browser may be led here by any site: by a name that resolves to loopback (then Host is that name), or by
 * a form or script (then Origin is that site's).
 */
function isLocal(head: RequestHead, address: string): boolean {
  const host = head.authority.replace(/:\d+$/, '').toLowerCase();
  if (!['localhost', '127.0.0.1', '[::1]', address, `[${address}]`, ''].includes(host)) return false;
  const origin = head.headers.get('origin');
  return origin === undefined || origin === `http://${head.authority}`;
}

/** Answers when the whole request is there; its body means nothing. */
class AdminRequest implements StreamHandler<RequestHead> {
  readonly #head: RequestHead;
  readonly #stream: Stream<ResponseHead>;
  readonly #answer: (head: RequestHead) => AdminAnswer;

  constructor(head: RequestHead, stream: Stream<ResponseHead>, answer: (head: RequestHead) => AdminAnswer) {
    this.#head = head;
    this.#stream = stream;
    this.#answer = answer;
  }

  onHead(_head: RequestHead, end: boolean): void {
    if (end || this.#head.upgrade !== undefined) this.#respond();
  }

  onData(_chunk: Buffer, end: boolean): void {
    if (end) this.#respond();
  }

  onTrailers(): void {
    this.#respond();
  }

  onDrain(): void {}

  onReset(): void {}

  #respond(): void {
    const { status, type, body, after } = this.#answer(this.#head);
    const content = Buffer.from(body);
    const headers = Headers.of({
      'content-type': type,
      'cache-control': 'no-cache, max-age=0',
      'x-content-type-options': 'nosniff',
      'content-length': String(content.length),
    });
    const empty = content.length === 0 || this.#head.method === 'HEAD';
    this.#stream.sendHead({ status, headers, protocol: 'HTTP/1.1' }, empty);
    if (!empty) this.#stream.sendData(content, true);
    // The answer leaves at the end of this turn; what it sets off may close the connection.
    if (after !== undefined) setImmediate(() => setImmediate(after));
  }
}

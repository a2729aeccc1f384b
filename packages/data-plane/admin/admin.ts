import { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead, Stream, StreamHandler } from '../http/stream.ts';
import { defaultHttp1Limits } from '../http1/limits.ts';
import { Http1Server } from '../http1/server/server.ts';
import { BoundListener } from '../net/listener.ts';
import { Outboxes } from '../net/outbox.ts';
import type { SocketSource } from '../net/socket-source.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { observeSources } from './envoy-metrics.ts';
import { type AdminAnswer, type AdminPage, text } from './page.ts';
import { adminPages } from './pages.ts';
import type { AdminSources } from './sources.ts';

export interface AdminOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  readonly sources: AdminSources;
  /** The sources with what other workers of the proxy have counted; in a process of its own there are none. */
  readonly gather?: Gather;
  /** Where the listening socket comes from, in a worker; one of them has it at a time. */
  readonly sockets?: SocketSource;
  readonly timers?: TimerWheel;
  readonly outboxes?: Outboxes;
}

/** Calls back once, soon. */
export type Gather = (onGathered: (sources: AdminSources) => void) => void;

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
export async function startAdmin(options: AdminOptions): Promise<Admin> {
  const { address, port, sources, gather = (onGathered) => onGathered(sources) } = options;
  const shared = {
    limits,
    timers: options.timers ?? new TimerWheel(),
    outboxes: options.outboxes ?? new Outboxes(),
    scheme: 'http' as const,
    halfClose: 'serve' as const,
  };
  const listener = await BoundListener.bind({
    ...(options.sockets === undefined ? {} : { sockets: options.sockets, key: 'admin', exclusive: true }),
    address,
    port,
    maxConnections: mostConnections,
    onConnection: (socket) => {
      new Http1Server(socket, {
        ...shared,
        onRequest: (head, stream) =>
          new AdminRequest(head, stream, (request, respond) => answer(request, options, gather, respond)),
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

function answer(
  head: RequestHead,
  { address, sources }: AdminOptions,
  gather: Gather,
  respond: (answer: AdminAnswer) => void,
): void {
  const [path = '', search = ''] = head.path.split(/\?(.*)/s);
  const page = adminPages.find((candidate) => candidate.path === path);
  const refusal = isLocal(head, address)
    ? refuse(head.method, page)
    : text('Forbidden: not for pages of other sites\n', 403);
  const query = new URLSearchParams(search);
  if (refusal !== undefined) respond(refusal);
  else if (page?.counts === true) gather((gathered) => respond(page.answer(gathered, query)));
  else if (page !== undefined) respond(page.answer(sources, query));
}

function refuse(method: string, page: AdminPage | undefined): AdminAnswer | undefined {
  if (page === undefined) return text(`invalid path. try /help\n`, 404);
  if (page.method === 'POST' && method !== 'POST')
    return text(`Method ${method} not allowed, POST required.\n`, 405);
  if (page.method === 'GET' && method !== 'GET' && method !== 'HEAD')
    return text('Method not allowed\n', 405);
  return undefined;
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

type Answer = (head: RequestHead, respond: (answer: AdminAnswer) => void) => void;

/** Answers when the whole request is there; its body means nothing. */
class AdminRequest implements StreamHandler<RequestHead> {
  readonly #head: RequestHead;
  readonly #stream: Stream<ResponseHead>;
  readonly #answer: Answer;
  #gone = false;

  constructor(head: RequestHead, stream: Stream<ResponseHead>, answer: Answer) {
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

  onReset(): void {
    this.#gone = true;
  }

  #respond(): void {
    this.#answer(this.#head, (answer) => {
      if (!this.#gone) this.#send(answer);
    });
  }

  #send({ status, type, body, after }: AdminAnswer): void {
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

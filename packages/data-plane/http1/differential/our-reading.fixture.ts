import { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead, Stream, StreamHandler } from '../../http/stream.ts';
import { VirtualClock } from '../../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import { Http1Client } from '../client/client.ts';
import { defaultHttp1Limits } from '../limits.ts';
import { Http1Server } from '../server/server.ts';
import type { Message, Reading } from './reading.fixture.ts';
import { Wire } from './wire.fixture.ts';

const timers = new TimerWheel({ clock: new VirtualClock() });

class Taken<Head> implements StreamHandler<Head> {
  head: Head | undefined;
  body = '';
  trailers: Headers | undefined;
  ended = false;
  readonly onEnd: () => void;

  constructor(onEnd: () => void) {
    this.onEnd = onEnd;
  }

  onHead(head: Head, end: boolean): void {
    this.head = head;
    this.#end(end);
  }

  onData(chunk: Buffer, end: boolean): void {
    this.body += chunk.toString('latin1');
    this.#end(end);
  }

  onTrailers(trailers: Headers): void {
    this.trailers = trailers;
    this.#end(true);
  }

  onDrain(): void {}

  onReset(): void {}

  #end(end: boolean): void {
    if (!end) return;
    this.ended = true;
    this.onEnd();
  }
}

/** Our server's reading. Every complete request is answered at once, so that the next is read. */
export function ourRequests(pieces: readonly Buffer[]): Reading {
  const wire = new Wire();
  const messages: Message[] = [];
  let open: { readonly taken: Taken<RequestHead>; readonly head: RequestHead } | undefined;
  let refused: string | undefined;
  let over = false;
  new Http1Server(wire.asSocket, {
    limits: defaultHttp1Limits,
    timers,
    outboxes: wire.outboxes,
    scheme: 'http',
    halfClose: 'serve',
    onRequest: (head: RequestHead, stream: Stream<ResponseHead>) => {
      const taken = new Taken<RequestHead>(() => {
        open = undefined;
        wire.text = '';
        stream.sendHead({ status: 204, headers: new Headers(), protocol: 'HTTP/1.1' }, true);
        const keepAlive = !/connection: close/i.test(wire.text);
        over ||= !keepAlive;
        messages.push({
          ...startOf(head),
          body: taken.body,
          trailers: lines(taken.trailers),
          keepAlive,
        });
      });
      open = { taken, head };
      if (head.upgrade !== undefined) {
        over = true;
        messages.push({ ...startOf(head), body: '', trailers: [], keepAlive: undefined });
      }
      return taken;
    },
    onProblem: (problem) => {
      refused = problem;
    },
  });
  for (const piece of pieces) wire.deliver(piece);
  wire.destroy();
  return {
    messages,
    open: over || open === undefined ? undefined : { ...startOf(open.head), body: open.taken.body },
    refused,
    over,
  };
}

/** Our client's reading of what answers a `method` request, up to the end of the connection. */
export function ourResponse(pieces: readonly Buffer[], method: string): Reading {
  const wire = new Wire();
  const messages: Message[] = [];
  let refused: string | undefined;
  const client: Http1Client = new Http1Client(wire.asSocket, {
    limits: defaultHttp1Limits,
    outboxes: wire.outboxes,
    onProblem: (problem) => {
      refused = problem;
    },
  });
  const taken = new Taken<ResponseHead>(() => {});
  const informational: Message[] = [];
  const handler: StreamHandler<ResponseHead> = taken;
  handler.onInformational = (head) =>
    informational.push({ ...statusOf(head), body: '', trailers: [], keepAlive: undefined });
  client
    .request(handler)
    .sendHead(
      { method, path: '/', authority: 'a', scheme: 'http', headers: new Headers(), protocol: 'HTTP/1.1' },
      true,
    );
  for (const piece of pieces) wire.deliver(piece);
  const keepAlive = client.reusable;
  wire.deliverEnd();
  wire.destroy();
  messages.push(...informational);
  const { head } = taken;
  if (head !== undefined && taken.ended) {
    messages.push({ ...statusOf(head), body: taken.body, trailers: lines(taken.trailers), keepAlive });
  }
  return {
    messages,
    open: head === undefined || taken.ended ? undefined : { ...statusOf(head), body: taken.body },
    refused,
    over: taken.ended,
  };
}

function startOf(head: RequestHead): { readonly start: string; readonly fields: string[] } {
  return { start: `${head.method} ${head.authority} ${head.path}`, fields: lines(head.headers) };
}

function statusOf(head: ResponseHead): { readonly start: string; readonly fields: string[] } {
  return { start: `${head.status} ${head.reason ?? ''}`, fields: lines(head.headers) };
}

function lines(headers: Headers | undefined): string[] {
  return headers === undefined ? [] : [...headers].map(([name, value]) => `${name}: ${value}`);
}

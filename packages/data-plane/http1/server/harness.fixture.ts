import { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead, Stream } from '../../http/stream.ts';
import { Outboxes } from '../../net/outbox.ts';
import { VirtualClock } from '../../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import { defaultHttp1Limits, type Http1Limits } from '../limits.ts';
import type { Http1Problem } from '../protocol-error.ts';
import { Recorder } from '../testing/recorder.fixture.ts';
import { ScriptedSocket } from '../testing/scripted-socket.fixture.ts';
import type { Http1ServerOptions } from './options.ts';
import { Http1Server } from './server.ts';

export interface Served {
  readonly recorder: Recorder<RequestHead>;
  readonly stream: Stream<ResponseHead>;
  readonly head: RequestHead;
}

/** For tests: a server connection whose client is the test. */
export class ServerHarness {
  readonly clock = new VirtualClock();
  readonly socket = new ScriptedSocket();
  readonly requests: Served[] = [];
  readonly problems: Http1Problem[] = [];
  closed = false;
  readonly server: Http1Server;

  /** @param respond called after each event of a request */
  constructor(
    respond: (served: Served) => void = () => {},
    limits: Partial<Http1Limits> = {},
    options: Partial<Http1ServerOptions> = {},
  ) {
    this.server = new Http1Server(this.socket.asSocket, {
      limits: { ...defaultHttp1Limits, ...limits },
      timers: new TimerWheel({ clock: this.clock }),
      outboxes: new Outboxes(),
      scheme: 'http',
      halfClose: 'serve',
      onRequest: (head, stream) => {
        const served: Served = { recorder: new Recorder(() => respond(served)), stream, head };
        this.requests.push(served);
        return served.recorder;
      },
      onProblem: (problem) => this.problems.push(problem),
      onClose: () => {
        this.closed = true;
      },
      ...options,
    });
  }
}

export function response(status: number, fields: Record<string, string> = {}): ResponseHead {
  return { status, headers: Headers.of(fields), protocol: 'HTTP/1.1' };
}

/** Answers a complete request by what was understood of it. */
export function echo({ recorder, stream, head }: Served): void {
  if (!recorder.ended) return;
  const seen = `${head.method} ${head.authority} ${head.path} ${[...head.headers].map(([name, value]) => `${name}=${value}`).join('&')} ${recorder.body}`;
  const trailers = recorder.trailers === undefined ? '' : ` ${[...recorder.trailers].join('&')}`;
  const text = Buffer.from(seen + trailers, 'latin1');
  stream.sendHead(response(200, { 'content-length': String(text.length) }), false);
  stream.sendData(text, true);
}

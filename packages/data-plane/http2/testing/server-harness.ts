import { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead, Stream } from '../../http/stream.ts';
import { Recorder } from '../../http1/testing/recorder.fixture.ts';
import { ScriptedSocket, turn } from '../../http1/testing/scripted-socket.fixture.ts';
import { Outboxes } from '../../net/outbox.ts';
import { VirtualClock } from '../../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import { clientPreface } from '../frames/frame.ts';
import { defaultHttp2Limits, type Http2Limits } from '../limits.ts';
import type { Http2Problem } from '../protocol-error.ts';
import { Http2Server } from '../server.ts';
import { FrameNarrator, settings } from './frames.ts';

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
  readonly problems: Http2Problem[] = [];
  closed = false;
  readonly server: Http2Server;
  readonly #narrator = new FrameNarrator();
  #told = 0;

  /** @param respond called after each event of a request */
  constructor(respond: (served: Served) => void = () => {}, limits: Partial<Http2Limits> = {}) {
    this.server = new Http2Server(this.socket.asSocket, {
      limits: { ...defaultHttp2Limits, ...limits },
      timers: new TimerWheel({ clock: this.clock }),
      outboxes: new Outboxes(),
      scheme: 'http',
      onRequest: (head, stream) => {
        const served: Served = { recorder: new Recorder(() => respond(served)), stream, head };
        this.requests.push(served);
        return served.recorder;
      },
      onProblem: (problem) => this.problems.push(problem),
      onClose: () => {
        this.closed = true;
      },
    });
  }

  /** The client's preface and SETTINGS, then `bytes`, in one read; returns what the server said since. */
  async open(...bytes: readonly Buffer[]): Promise<string[]> {
    return await this.say(clientPreface, settings(), ...bytes);
  }

  /** What the server says to `bytes`. */
  async say(...bytes: readonly Buffer[]): Promise<string[]> {
    if (bytes.length > 0) this.socket.deliver(Buffer.concat(bytes));
    await turn();
    return this.heard();
  }

  /** What the server has said since this was last asked. */
  heard(): string[] {
    const sent = Buffer.from(this.socket.sent, 'latin1');
    const lines = this.#narrator.tell(sent.subarray(this.#told));
    this.#told = sent.length;
    return lines;
  }
}

export function response(status: number, fields: Record<string, string> = {}): ResponseHead {
  return { status, headers: Headers.of(fields), protocol: 'HTTP/2' };
}

/** Answers a complete request by what was understood of it. */
export function echo({ recorder, stream, head }: Served): void {
  if (!recorder.ended) return;
  const fields = [...head.headers].map(([name, value]) => `${name}=${value}`).join('&');
  const trailers =
    recorder.trailers === undefined ? '' : [...recorder.trailers].map((field) => field.join('=')).join('&');
  const text = Buffer.from(
    `${head.method} ${head.authority} ${head.path} [${fields}] ${recorder.body} ${trailers}`.trim(),
    'latin1',
  );
  stream.sendHead(response(200), false);
  stream.sendData(text, true);
}

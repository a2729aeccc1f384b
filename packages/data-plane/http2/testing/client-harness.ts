import { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead, Stream } from '../../http/stream.ts';
import { Recorder } from '../../http1/testing/recorder.fixture.ts';
import { ScriptedSocket, turn } from '../../http1/testing/scripted-socket.fixture.ts';
import { Outboxes } from '../../net/outbox.ts';
import { VirtualClock } from '../../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import { Http2Client } from '../client.ts';
import { clientPreface } from '../frames/frame.ts';
import { defaultHttp2Limits, type Http2Limits } from '../limits.ts';
import type { Http2Problem } from '../protocol-error.ts';
import { FrameNarrator } from './frames.ts';

/** For tests: an upstream connection whose server is the test. */
export class ClientHarness {
  readonly clock = new VirtualClock();
  readonly socket = new ScriptedSocket();
  readonly problems: Http2Problem[] = [];
  available = 0;
  draining = 0;
  closed = 0;
  readonly client: Http2Client;
  readonly #narrator = new FrameNarrator();
  #told = clientPreface.length;

  constructor(limits: Partial<Http2Limits> = {}) {
    this.client = new Http2Client(this.socket.asSocket, {
      limits: { ...defaultHttp2Limits, ...limits },
      timers: new TimerWheel({ clock: this.clock }),
      outboxes: new Outboxes(),
      onAvailable: () => this.available++,
      onDraining: () => this.draining++,
      onClose: () => this.closed++,
      onProblem: (problem) => this.problems.push(problem),
    });
  }

  /** Sends a head, which is all of the request unless it asks for a tunnel or `end` is false. */
  ask(
    method = 'GET',
    fields: Record<string, string> = {},
    more: Partial<RequestHead> & { readonly end?: boolean } = {},
  ): { readonly recorder: Recorder<ResponseHead>; readonly stream: Stream<RequestHead> } {
    const recorder = new Recorder<ResponseHead>();
    const stream = this.client.request(recorder);
    const { end = more.upgrade === undefined, ...rest } = more;
    stream.sendHead(
      {
        method,
        path: '/p',
        authority: 'a:80',
        scheme: 'http',
        headers: Headers.of(fields),
        protocol: 'HTTP/1.1',
        ...rest,
      },
      end,
    );
    return { recorder, stream };
  }

  /** What the client says to `bytes`. */
  async say(...bytes: readonly Buffer[]): Promise<string[]> {
    if (bytes.length > 0) this.socket.deliver(Buffer.concat(bytes));
    await turn();
    const sent = Buffer.from(this.socket.sent, 'latin1');
    const lines = this.#narrator.tell(sent.subarray(this.#told));
    this.#told = sent.length;
    return lines;
  }
}

import { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead, Stream } from '../../http/stream.ts';
import { Outboxes } from '../../net/outbox.ts';
import { defaultHttp1Limits } from '../limits.ts';
import type { Http1Problem } from '../protocol-error.ts';
import { Recorder } from '../testing/recorder.fixture.ts';
import { ScriptedSocket } from '../testing/scripted-socket.fixture.ts';
import { Http1Client } from './client.ts';

/** For tests: an upstream connection whose server is the test. */
export class ClientHarness {
  readonly socket = new ScriptedSocket();
  readonly problems: Http1Problem[] = [];
  idle = 0;
  closed = 0;
  readonly client: Http1Client = new Http1Client(this.socket.asSocket, {
    limits: defaultHttp1Limits,
    outboxes: new Outboxes(),
    onIdle: () => this.idle++,
    onClose: () => this.closed++,
    onProblem: (problem) => this.problems.push(problem),
  });

  /** Sends a whole request without a body. */
  ask(
    method = 'GET',
    fields: Record<string, string> = {},
    more: Partial<RequestHead> = {},
  ): { readonly recorder: Recorder<ResponseHead>; readonly stream: Stream<RequestHead> } {
    const recorder = new Recorder<ResponseHead>();
    const stream = this.client.request(recorder);
    stream.sendHead(request(method, fields, more), more.upgrade === undefined);
    return { recorder, stream };
  }
}

export function request(
  method: string,
  fields: Record<string, string> = {},
  more: Partial<RequestHead> = {},
): RequestHead {
  return {
    method,
    path: '/p',
    authority: 'a:80',
    scheme: 'http',
    headers: Headers.of(fields),
    protocol: 'HTTP/1.1',
    ...more,
  };
}

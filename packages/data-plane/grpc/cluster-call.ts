import { Headers } from '@tulle/decision/headers';
import { grpcCode } from '@tulle/xds/client/transport';
import type { RequestHead, ResponseHead, Stream } from '../http/stream.ts';
import { Attempt, type AttemptOwner } from '../router/attempt.ts';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import { frameMessage, MessageReader } from './message-reader.ts';
import { statusOf, statusOfHttp } from './status.ts';

/** How a call ended: the answer's one message, or undefined and why not. */
export type OnAnswer = (message: Uint8Array | undefined, why: string) => void;

/** Calls a method of a service that a cluster leads to. Returns what gives up; `onAnswer` is called once, unless given up. */
export type CallCluster = (
  cluster: string,
  path: string,
  message: Uint8Array,
  timeoutMs: number,
  onAnswer: OnAnswer,
) => () => void;

/** Answers are small. */
const mostAnswerBytes = 1024 * 1024;

/** An endpoint is picked as for a request; without a cluster, or a healthy endpoint, the call fails at once. */
export function clusterCaller(clusters: () => ClusterManager, wheel: TimerWheel): CallCluster {
  return (name, path, message, timeoutMs, onAnswer) => {
    const cluster = clusters().get(name);
    const endpoint = cluster?.pick({ destination: '' });
    if (cluster === undefined || endpoint === undefined) {
      onAnswer(undefined, cluster === undefined ? `no cluster ${name}` : 'no healthy endpoint');
      return () => {};
    }
    const call = new ClusterCall(path, message, wheel, onAnswer);
    call.attempt = new Attempt(cluster, endpoint, false, call);
    call.start(timeoutMs);
    return () => call.cancel();
  };
}

/**
 * One call with one message each way, over the connections that the cluster's requests share.
 *
 * Waiting ─▶ Done (answer, failure, time, `cancel`)
 */
class ClusterCall implements AttemptOwner {
  attempt: Attempt | undefined = undefined;
  readonly #path: string;
  readonly #message: Uint8Array;
  readonly #timer: Timer;
  readonly #onAnswer: OnAnswer;
  readonly #reader = new MessageReader(mostAnswerBytes);
  #answer: Uint8Array | undefined = undefined;
  #done = false;

  constructor(path: string, message: Uint8Array, wheel: TimerWheel, onAnswer: OnAnswer) {
    this.#path = path;
    this.#message = message;
    this.#onAnswer = onAnswer;
    this.#timer = wheel.timer(() => {
      if (this.#done) return;
      this.attempt?.timeOut();
      this.#finish(undefined, 'no answer in time');
    });
  }

  start(timeoutMs: number): void {
    this.#timer.start(timeoutMs);
    this.attempt?.start('default', { protocol: 'HTTP/2', connection: undefined });
  }

  cancel(): void {
    if (this.#done) return;
    this.#done = true;
    this.#timer.stop();
    this.attempt?.abandon();
  }

  onConnected(_attempt: Attempt, stream: Stream<RequestHead>): void {
    const headers = Headers.of({ 'content-type': 'application/grpc', te: 'trailers' });
    stream.sendHead(
      {
        method: 'POST',
        path: this.#path,
        authority: 'rate-limit',
        scheme: 'http',
        headers,
        protocol: 'HTTP/2',
      },
      false,
    );
    stream.sendData(frameMessage(this.#message), true);
  }

  onResponse(_attempt: Attempt, { headers, status }: ResponseHead, end: boolean): void {
    if (status !== 200) this.#fail(statusOfHttp(status).message);
    else if (end) this.#end(headers);
  }

  onResponseData(_attempt: Attempt, chunk: Buffer, end: boolean): void {
    try {
      this.#reader.push(chunk, (message) => {
        this.#answer = Buffer.from(message);
      });
    } catch (error) {
      this.#fail((error as Error).message);
    }
    if (end) this.#fail('the answer has no status');
  }

  onResponseTrailers(_attempt: Attempt, trailers: Headers): void {
    this.#end(trailers);
  }

  onInformational(): void {}
  onRequestDrain(): void {}

  onFailure(_attempt: Attempt, { transport }: { readonly transport: string }): void {
    this.#finish(undefined, transport);
  }

  onBroken(): void {
    this.#finish(undefined, 'the answer was cut short');
  }

  #end(fields: Headers): void {
    const status = statusOf(fields);
    if (status?.code === grpcCode.ok && this.#answer !== undefined) this.#finish(this.#answer, '');
    else this.#finish(undefined, status?.message || `status ${status?.code ?? 'unknown'}`);
  }

  #fail(why: string): void {
    if (this.#done) return;
    this.attempt?.abandon();
    this.#finish(undefined, why);
  }

  #finish(answer: Uint8Array | undefined, why: string): void {
    if (this.#done) return;
    this.#done = true;
    this.#timer.stop();
    this.#onAnswer(answer, why);
  }
}

import { connect, type Socket } from 'node:net';
import type { RequestHead, ResponseHead, StreamHandler } from '@tulle/data-plane/http/stream';
import { Http2Client } from '@tulle/data-plane/http2/client';
import { defaultHttp2Limits } from '@tulle/data-plane/http2/limits';
import { Outboxes } from '@tulle/data-plane/net/outbox';
import { readShared } from '@tulle/data-plane/net/shared-reads';
import { TimerWheel } from '@tulle/data-plane/timers/wheel';
import { Headers } from '@tulle/decision/headers';
import { grpcMessage } from '../peers/grpc-message.ts';
import type { Ask } from '../scenarios/scenario.ts';
import { AnswerReader } from './answer-reader.ts';

/** Asks one request at a time. */
export interface Asker {
  /** Only while no request is under way. */
  ask(onAnswer: (ok: boolean) => void): void;
}

export interface AskerTarget {
  readonly port: number;
  readonly host: string;
  readonly ask: Ask;
}

/** One connection's askers: one of HTTP/1.1, one for each stream of HTTP/2. `onLost`: the connection is gone. */
export async function openAskers(target: AskerTarget, onLost: () => void): Promise<readonly Asker[]> {
  const socket = connect({ port: target.port, host: '127.0.0.1', noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return target.ask.streams === undefined
    ? [http1Asker(socket, target, onLost)]
    : await http2Askers(socket, target, target.ask.streams, onLost);
}

function http1Asker(socket: Socket, { host, ask: { path } }: AskerTarget, onLost: () => void): Asker {
  const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 'latin1');
  let answered: (ok: boolean) => void = () => {};
  const reader = new AnswerReader((status) => answered(status >= 200 && status <= 299));
  // 64 KiB made anew for each read of large bodies would cost collections, which count as latency.
  readShared(socket, (chunk) => reader.read(chunk));
  socket.on('close', onLost);
  return {
    ask(onAnswer) {
      answered = onAnswer;
      socket.write(request);
    },
  };
}

const outboxes = new Outboxes();

async function http2Askers(
  socket: Socket,
  { host, ask }: AskerTarget,
  streams: number,
  onLost: () => void,
): Promise<readonly Asker[]> {
  const client = await new Promise<Http2Client>((resolve) => {
    new Http2Client(socket, {
      limits: { ...defaultHttp2Limits, maxConcurrentStreams: streams },
      outboxes,
      timers: new TimerWheel(),
      onAvailable: resolve,
      onClose: onLost,
    });
  });
  return Array.from({ length: streams }, () => ({
    ask: (onAnswer) => {
      const stream = client.request(new CallReader(ask.grpc === true, onAnswer));
      stream.sendHead(requestHead(host, ask), ask.grpc !== true);
      if (ask.grpc === true) stream.sendData(grpcMessage, true);
    },
  }));
}

const requestHead = (authority: string, { path, grpc }: Ask): RequestHead => ({
  method: grpc === true ? 'POST' : 'GET',
  path,
  authority,
  scheme: 'http',
  headers: Headers.of(grpc === true ? { 'content-type': 'application/grpc', te: 'trailers' } : {}),
  protocol: 'HTTP/2',
});

class CallReader implements StreamHandler<ResponseHead> {
  readonly #grpc: boolean;
  readonly #onAnswer: (ok: boolean) => void;
  #ok = false;

  constructor(grpc: boolean, onAnswer: (ok: boolean) => void) {
    this.#grpc = grpc;
    this.#onAnswer = onAnswer;
  }

  onHead({ status, headers }: ResponseHead, end: boolean): void {
    // A call that is answered without a message says so in its head.
    this.#ok = this.#grpc ? headers.get('grpc-status') === '0' : status >= 200 && status <= 299;
    if (end) this.#onAnswer(this.#ok);
  }

  onData(_chunk: Buffer, end: boolean): void {
    if (end) this.#onAnswer(this.#ok);
  }

  onTrailers(trailers: Headers): void {
    this.#onAnswer(this.#grpc ? trailers.get('grpc-status') === '0' : this.#ok);
  }

  onDrain(): void {}

  onReset(): void {
    this.#onAnswer(false);
  }
}

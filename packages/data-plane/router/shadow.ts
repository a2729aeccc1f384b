import type { Headers } from '@tulle/decision/headers';
import type { ForwardAction } from '@tulle/decision/tables/route-action';
import type { StreamContext } from '../http/manager.ts';
import type { RequestHead, Stream } from '../http/stream.ts';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import type { ClusterState } from '../upstream/cluster.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { RequestBuffer } from './request-buffer.ts';

/** A shadow that is not answered by then is given up. */
const shadowTimeoutMs = 60_000;
const bufferLimit = 1024 * 1024;

/** `host:port` → `host-shadow:port`, as Envoy. */
function shadowAuthority(authority: string): string {
  const colon = authority.lastIndexOf(':');
  return colon < 0 ? `${authority}-shadow` : `${authority.slice(0, colon)}-shadow${authority.slice(colon)}`;
}

/** Copies of a request to those mirrors whose share it falls into. */
export function startShadows(
  head: RequestHead,
  end: boolean,
  mirrors: ForwardAction['mirrors'],
  { clusters, random, wheel }: StreamContext,
  destination: string,
): Shadow[] {
  return mirrors.flatMap((mirror) => {
    if (random() * 1_000_000 >= mirror.fraction) return [];
    const cluster = clusters.get(mirror.cluster);
    return cluster === undefined ? [] : [new Shadow(cluster, head, end, wheel, destination)];
  });
}

/** A copy of a request whose response nobody reads. It lives on when the request itself is done. */
export class Shadow implements AttemptOwner {
  readonly #head: RequestHead;
  readonly #buffer = new RequestBuffer();
  readonly #attempt: Attempt | undefined;
  readonly #timer: Timer;
  readonly #hasBody: boolean;

  constructor(
    cluster: ClusterState,
    head: RequestHead,
    end: boolean,
    wheel: TimerWheel,
    destination: string,
  ) {
    this.#head = { ...head, authority: shadowAuthority(head.authority), headers: head.headers.clone() };
    this.#hasBody = !end;
    if (end) this.#buffer.end();
    const endpoint = cluster.pick({ destination });
    this.#timer = wheel.timer(() => this.cancel());
    if (endpoint === undefined) return;
    this.#timer.start(shadowTimeoutMs);
    this.#attempt = new Attempt(cluster, endpoint, false, this);
    this.#attempt.start('default', { protocol: head.protocol, connection: undefined });
  }

  data(chunk: Buffer, end: boolean): void {
    const stream = this.#attempt?.stream;
    if (stream !== undefined) stream.sendData(chunk, end);
    this.#buffer.add(chunk, end);
    if (stream === undefined && this.#buffer.bytes > bufferLimit) this.cancel();
    else if (stream !== undefined) this.#buffer.drop();
  }

  trailers(trailers: Headers): void {
    this.#buffer.end(trailers);
    this.#attempt?.stream?.sendTrailers(trailers.clone());
  }

  cancel(): void {
    this.#timer.stop();
    this.#attempt?.abandon();
  }

  onConnected(_attempt: Attempt, stream: Stream<RequestHead>): void {
    stream.sendHead(this.#head, !this.#hasBody);
    if (this.#hasBody) this.#buffer.replay(stream);
    this.#buffer.drop();
  }

  onResponse(attempt: Attempt, _head: unknown, end: boolean): void {
    this.#timer.stop();
    if (!end) attempt.discard();
  }

  onInformational(): void {}
  onResponseData(): void {}
  onResponseTrailers(): void {}
  onRequestDrain(): void {}
  onFailure(): void {
    this.#timer.stop();
  }
  onBroken(): void {
    this.#timer.stop();
  }
}

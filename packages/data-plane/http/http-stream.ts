import type { Headers } from '@tulle/decision/headers';
import type { RouteChoice } from '@tulle/decision/match';
import { FilterStatus, type FilterStream, type Resume } from '../filters/filter.ts';
import { Pipe } from '../filters/pipe.ts';
import { Router } from '../router/router.ts';
import { Timer } from '../timers/wheel.ts';
import type { ConnectionInfo } from './connection-info.ts';
import { type LocalReply, localReplyHead } from './local-reply.ts';
import type { ManagerRuntime } from './manager.ts';
import { misdirected } from './misdirected.ts';
import type { RequestHead, ResetReason, ResponseHead, Stream, StreamHandler } from './stream.ts';
import { StreamInfo } from './stream-info.ts';
import { RequestWay, ResponseWay } from './stream-ways.ts';

/** How long the one end of a tunnel may take to close, or to say more, when the other has. */
const tunnelLingerMs = 5_000;

/** Envoy's default per-connection buffer limit. */
const defaultBufferLimit = 1024 * 1024;

const noStates: unknown[] = [];

/**
 * One request on its way through a manager, and its response on the way back.
 *
 * ```
 *   codec ─▶ prepare ─▶ decode filters ─▶ Router ⇄ upstream
 *   codec ◀─ finish  ◀─ encode filters ◀─┘
 * ```
 * Open ─▶ Answering (a response has begun) ─▶ Done (response complete, or either side reset).
 *
 * As a timer it is that of its idle time. Directions that no filter looks at have no pipe.
 */
export class HttpStream extends Timer implements StreamHandler<RequestHead>, FilterStream {
  readonly info: StreamInfo;
  readonly manager: ManagerRuntime;
  bufferLimit = defaultBufferLimit;
  meshHeaders: readonly (readonly [name: string, value: string])[] | undefined = undefined;
  response: ResponseHead | undefined = undefined;
  readonly #downstream: Stream<ResponseHead>;
  readonly #states: unknown[];
  readonly #decode: Pipe<RequestHead> | undefined;
  readonly #encode: Pipe<ResponseHead> | undefined;
  /** @internal */
  readonly router: Router;
  #request: RequestHead | undefined = undefined;
  #choice: RouteChoice | undefined = undefined;
  #matched = false;
  #lastActivity = 0;
  #idleMs = 0;
  #holds = 0;
  #answered = false;
  #done = false;
  /** The client takes more. */
  #ready = true;

  constructor(manager: ManagerRuntime, connection: ConnectionInfo, downstream: Stream<ResponseHead>) {
    const { context, chain } = manager;
    super(context.wheel);
    this.manager = manager;
    this.#downstream = downstream;
    this.#lastActivity = context.wheel.now();
    this.info = new StreamInfo(connection, context.wallNow(), this.#lastActivity);
    this.router = new Router(this);
    this.#states = chain.starts.length === 0 ? noStates : new Array(chain.filters.length);
    this.#decode =
      chain.decode.length === 0
        ? undefined
        : new Pipe(chain.decode, this, this.#states, new RequestWay(this));
    this.#encode =
      chain.encode.length === 0
        ? undefined
        : new Pipe(chain.encode, this, this.#states, new ResponseWay(this));
    manager.counters.active++;
    manager.counters.total++;
  }

  // --- FilterStream -----------------------------------------------------------------------------------------

  get request(): RequestHead {
    return this.#request as RequestHead;
  }

  route(): RouteChoice | undefined {
    if (!this.#matched && this.#request !== undefined) {
      this.#matched = true;
      const { random, trace } = this.manager.context;
      this.#choice = this.manager.matcher?.match(this.#request, random, trace);
      this.info.routeName = this.#choice?.route.name ?? '';
      this.info.virtualHost = this.#choice?.virtualHost.name ?? '';
    }
    return this.#choice;
  }

  clearRoute(): void {
    this.#matched = false;
    this.#choice = undefined;
  }

  routeConfig(): unknown {
    const name = this.manager.chain.filters[this.#running?.runningFilter ?? -1]?.name;
    return name === undefined ? undefined : this.route()?.route.perFilter.get(name);
  }

  suspend(): Resume {
    return (this.#running as Pipe<RequestHead>).suspend();
  }

  replaceData(chunk: Buffer): void {
    this.#running?.replace(chunk);
  }

  /** The direction whose filter is being called. */
  get #running(): Pipe<RequestHead> | Pipe<ResponseHead> | undefined {
    return (this.#decode?.runningFilter ?? -1) >= 0 ? this.#decode : this.#encode;
  }

  reply(reply: LocalReply): FilterStatus {
    if (this.#done || this.#answered) return FilterStatus.StopIteration;
    this.router.cancel();
    this.#decode?.close();
    const { head, body } = localReplyHead(reply, this.request);
    this.info.details = reply.details;
    if (reply.flag !== undefined) this.info.flag(reply.flag);
    this.encodeHead(head, body.length === 0);
    if (body.length > 0) this.encodeData(body, true);
    return FilterStatus.StopIteration;
  }

  // --- from the downstream codec ----------------------------------------------------------------------------

  onHead(head: RequestHead, end: boolean): void {
    const { info, manager } = this;
    this.#request = head;
    info.method = head.method;
    info.path = head.path;
    info.authority = head.authority;
    info.protocol = head.protocol;
    const problem = misdirected(head, info.connection) ?? manager.edge.request(head, info);
    this.#startIdle(manager.config.streamIdleTimeoutMs);
    for (const index of manager.chain.starts)
      this.#states[index] = manager.chain.filters[index]?.filter.start?.(this);
    if (end) info.requestEndedAt = manager.context.wheel.now();
    if (problem !== undefined) {
      this.reply(problem);
      return;
    }
    if (manager.context.refusing()) {
      this.reply({ status: 503, body: 'overloaded', details: 'overload', flag: 'OM' });
      return;
    }
    if (this.#decode === undefined) this.router.onHead(head, end);
    else this.#decode.head(head, end);
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.#done) return;
    this.#touch();
    this.info.requestBytes += chunk.length;
    if (end) this.info.requestEndedAt = this.#lastActivity;
    if (this.#decode === undefined) this.router.onData(chunk, end);
    else this.#decode.data(chunk, end);
    // A WebSocket has no half: who ends it without a close frame has left, and not every server is told.
    if (end && !this.#done && this.info.status === 101 && this.#request?.upgrade === 'websocket')
      this.setIdleTimeout(tunnelLingerMs);
  }

  onTrailers(trailers: Headers): void {
    if (this.#done) return;
    this.#touch();
    this.info.requestEndedAt = this.#lastActivity;
    if (this.#decode === undefined) this.router.onTrailers(trailers);
    else this.#decode.trailers(trailers);
  }

  onDrain(): void {
    if (this.#done) return;
    this.#touch();
    this.router.onDrain();
  }

  onReset(_reason: ResetReason, detail?: string): void {
    if (this.#done) return;
    this.info.flag('DC');
    this.info.details = detail ?? 'downstream_remote_disconnect';
    this.#finish();
  }

  // --- from the router --------------------------------------------------------------------------------------

  encodeHead(head: ResponseHead, end: boolean): void {
    if (this.#done) return;
    this.#answered = true;
    this.response = head;
    this.info.status = head.status;
    if (this.#encode === undefined) this.sendHead(head, end);
    else this.#encode.head(head, end);
  }

  /** False: hold back until `Router.onDrain`. */
  encodeData(chunk: Buffer, end: boolean): boolean {
    if (this.#done) return true;
    this.#touch();
    this.info.responseBytes += chunk.length;
    this.#ready = true;
    if (this.#encode === undefined) this.sendData(chunk, end);
    else this.#encode.data(chunk, end);
    return this.#ready;
  }

  encodeTrailers(trailers: Headers): void {
    if (this.#done) return;
    const grpcStatus = trailers.get('grpc-status');
    if (grpcStatus !== undefined) this.info.grpcStatus = Number(grpcStatus);
    if (this.#encode === undefined) this.sendTrailers(trailers);
    else this.#encode.trailers(trailers);
  }

  encodeInformational(head: ResponseHead): void {
    if (!this.#done && !this.#answered) this.#downstream.sendInformational(head);
  }

  /** The response can't be completed. */
  resetDownstream(reason: ResetReason): void {
    if (this.#done) return;
    this.#finish();
    this.#downstream.reset(reason);
  }

  /** Stops reading the request; counted. */
  holdRequest(): void {
    if (this.#holds++ === 0) this.#downstream.pause();
  }

  releaseRequest(): void {
    if (--this.#holds === 0) this.#downstream.resume();
  }

  /** The route's own idle timeout; 0: none. */
  setIdleTimeout(ms: number): void {
    this.#startIdle(ms);
  }

  // --- to the downstream codec ------------------------------------------------------------------------------

  /** @internal */
  sendHead(head: ResponseHead, end: boolean): void {
    const { manager } = this;
    manager.edge.response(head, this.info, manager.context.wallNow());
    if (manager.context.draining() && head.status !== 101) head.headers.set('connection', 'close');
    const grpcStatus = head.headers.get('grpc-status');
    if (grpcStatus !== undefined) this.info.grpcStatus = Number(grpcStatus);
    this.#downstream.sendHead(head, end);
    if (end) this.#finish();
  }

  /** @internal */
  sendData(chunk: Buffer, end: boolean): void {
    if (!this.#downstream.sendData(chunk, end)) this.#ready = false;
    if (end) this.#finish();
  }

  /** @internal */
  sendTrailers(trailers: Headers): void {
    this.#downstream.sendTrailers(trailers);
    this.#finish();
  }

  /** @internal */
  overflow(request: boolean): void {
    if (request) this.reply({ status: 413, body: 'Payload Too Large', details: 'request_payload_too_large' });
    else if (this.#answered) {
      this.info.details = 'response_payload_too_large';
      this.resetDownstream('overflow');
    }
  }

  // --- time and the end -------------------------------------------------------------------------------------

  #touch(): void {
    this.#lastActivity = this.manager.context.wheel.now();
  }

  #startIdle(ms: number): void {
    this.#idleMs = ms;
    this.#watch(ms > 0 ? ms : Number.POSITIVE_INFINITY);
  }

  /** @param idleLeft how long it may still be idle */
  #watch(idleLeft: number): void {
    const left = Math.min(idleLeft, this.#requestLeft);
    if (left < Number.POSITIVE_INFINITY) this.start(left);
    else this.stop();
  }

  /** How long the rest of the request may still take, in milliseconds. */
  get #requestLeft(): number {
    const { requestTimeoutMs } = this.manager.config;
    if (requestTimeoutMs <= 0 || this.#answered || this.info.requestEndedAt > 0)
      return Number.POSITIVE_INFINITY;
    return this.info.startedMono + requestTimeoutMs - this.manager.context.wheel.now();
  }

  override expire(): void {
    if (this.#done) {
      this.#downstream.reset('local-reset');
      return;
    }
    const idleLeft =
      this.#idleMs > 0
        ? this.#lastActivity + this.#idleMs - this.manager.context.wheel.now()
        : Number.POSITIVE_INFINITY;
    const late = this.#requestLeft <= 0;
    if (idleLeft > 0 && !late) {
      this.#watch(idleLeft);
      return;
    }
    this.manager.counters.timeouts++;
    if (late) {
      this.reply({ status: 408, body: 'request timeout', details: 'request_overall_timeout' });
      return;
    }
    this.info.flag('SI');
    this.info.details = 'stream_idle_timeout';
    if (this.#answered) this.resetDownstream('local-reset');
    else this.reply({ status: 408, body: 'stream timeout', details: 'stream_idle_timeout' });
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    const { info, manager } = this;
    info.endedAt = manager.context.wheel.now();
    if (info.status === 101 && info.requestEndedAt === 0) this.start(tunnelLingerMs);
    else this.stop();
    this.router.cancel();
    this.#decode?.close();
    this.#encode?.close();
    const { counters, chain } = manager;
    counters.active--;
    const hundreds = Math.floor(info.status / 100);
    if (hundreds >= 1 && hundreds <= 5)
      counters.classes[hundreds] = (counters.classes[hundreds] as number) + 1;
    else counters.resets++;
    if (this.#request === undefined) return;
    const statPrefix = this.#choice?.route.statPrefix;
    if (statPrefix !== undefined && info.attempts > 0) manager.context.routeStats.count(statPrefix, info);
    for (const index of chain.destroys) chain.filters[index]?.filter.destroy?.(this, this.#states[index]);
    for (const log of manager.loggers) log(info, this.#request, this.response);
  }
}

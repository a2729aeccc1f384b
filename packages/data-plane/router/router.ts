import type { Headers } from '@tulle/decision/headers';
import { pickCluster, type RouteChoice } from '@tulle/decision/match';
import type { RetryPolicy } from '@tulle/decision/tables/retry-policy';
import type { ForwardAction } from '@tulle/decision/tables/route-action';
import type { HttpStream } from '../http/http-stream.ts';
import { isMisdirected, misdirection } from '../http/misdirected.ts';
import type { RequestHead, ResetReason, ResponseHead, Stream } from '../http/stream.ts';
import type { Lease } from '../upstream/pool/lease.ts';
import { Admission } from './admission.ts';
import { Aim } from './aim.ts';
import { askedRetries } from './asked-retries.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { hedgesOf, tellDeadline, timeoutOf, tryTimeoutOf } from './deadline.ts';
import { type Failure, perTryTimeout, resetFailure } from './failure.ts';
import { type Chosen, rewriteReply, rewriteRequest, rewriteResponse, tellMesh } from './heads.ts';
import {
  clusterNotFound,
  failureReply,
  missingHost,
  noHealthyUpstream,
  overflow,
  routeNotFound,
  routeReply,
  timedOut,
  upgradeRefused,
} from './local-replies.ts';
import { Race } from './race.ts';
import { RequestBody } from './request-body.ts';
import { Retries, wantsAfterFailure, wantsAfterResponse } from './retries.ts';
import { type Shadow, startShadows } from './shadow.ts';
import { type TimeoutOwner, Timeouts } from './timeouts.ts';

/** What a request must not have done twice unless it is asked for (RFC 9110 section 9.2.2). */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** Connections that turn out to be closed, for one request. */
const maxStale = 8;

/**
 * Routes one request: Idle ─▶ Trying ⇄ BackingOff ─▶ Answering ─▶ Over.
 * Local answers go Idle ─▶ Over. Attempts that are late may go on as rivals of the one that follows: who answers well
 * first is it, and the others are given up.
 */
export class Router implements AttemptOwner, TimeoutOwner {
  readonly #stream: HttpStream;
  #head: RequestHead | undefined = undefined;
  #headEnds = false;
  /** The request has come as a whole: since when. */
  #complete = false;
  #completeAt = 0;
  #chosen: Chosen | undefined = undefined;
  #aim: Aim | undefined = undefined;
  #admission: Admission | undefined = undefined;
  #retryPolicy: RetryPolicy | undefined = undefined;
  /** Undefined: no limits. */
  #timeouts: Timeouts | undefined = undefined;
  #hedges = false;
  /** Made when a first attempt has failed. */
  #retries: Retries | undefined = undefined;
  readonly #race = new Race<Attempt>();
  /** Undefined: none has come. */
  #body: RequestBody | undefined = undefined;
  #shadows: Shadow[] | undefined = undefined;
  #stale = 0;
  #responseHolds = 0;
  #blocked = false;
  #answering = false;
  #over = false;

  constructor(stream: HttpStream) {
    this.#stream = stream;
  }

  // --- the request ------------------------------------------------------------------------------------------

  onHead(head: RequestHead, end: boolean): void {
    const stream = this.#stream;
    this.#head = head;
    this.#headEnds = end;
    const choice = stream.route();
    if (choice === undefined) {
      const elsewhere = isMisdirected(head, stream.info.connection, stream.manager.matcher);
      stream.reply(elsewhere ? misdirection : routeNotFound);
      return;
    }
    const { route } = choice;
    const { action } = route;
    if (action.kind === 'forward') this.#forward(head, end, choice, action);
    else stream.reply({ ...routeReply(head, route, action), change: this.#ownReply(head, choice) });
  }

  /** Redirects and direct responses have the route's header operations, too. */
  #ownReply(head: RequestHead, choice: RouteChoice): (response: ResponseHead) => void {
    const { info, manager } = this.#stream;
    return (response) => rewriteReply(response, head, choice, manager.matcher?.table, info);
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.#over) return;
    for (const shadow of this.#shadows ?? []) shadow.data(chunk, end);
    const upstream = this.#race.current?.stream;
    this.#bodyToKeep().keep(chunk, end, upstream === undefined, this.#mayRetry());
    if (end) this.#requestEnded();
    if (upstream !== undefined && !upstream.sendData(chunk, end)) this.#body?.hold();
  }

  onTrailers(trailers: Headers): void {
    if (this.#over) return;
    for (const shadow of this.#shadows ?? []) shadow.trailers(trailers);
    this.#bodyToKeep().end(trailers);
    if (this.#race.current?.stream !== undefined && !this.#mayRetry()) this.#body?.drop();
    this.#requestEnded();
    this.#race.current?.stream?.sendTrailers(trailers.clone());
  }

  /** The client takes more of the response. */
  onDrain(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.release();
  }

  /** Stops reading the response; counted. */
  hold(): void {
    if (this.#responseHolds++ === 0) this.#race.current?.stream?.pause();
  }

  release(): void {
    if (--this.#responseHolds === 0) this.#race.current?.stream?.resume();
  }

  /** The stream is over, or answered by someone else: everything is given back. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timeouts?.stop();
    this.#retries?.cancel();
    this.#race.abandon();
    if (!this.#complete) for (const shadow of this.#shadows ?? []) shadow.cancel();
    this.#admission?.leave();
    this.#body?.drop();
  }

  // --- choosing and preparing -------------------------------------------------------------------------------

  #forward(head: RequestHead, end: boolean, choice: RouteChoice, action: ForwardAction): void {
    const stream = this.#stream;
    const { config, context } = stream.manager;
    if (
      head.upgrade !== undefined &&
      !action.upgrades.includes(head.upgrade) &&
      !config.upgrades.includes(head.upgrade)
    ) {
      stream.reply(upgradeRefused);
      return;
    }
    const weighted = pickCluster(action, context.random);
    const cluster = weighted === undefined ? undefined : context.clusters.get(weighted.name);
    stream.info.cluster = weighted?.name ?? '';
    if (weighted === undefined || cluster === undefined) {
      stream.reply(clusterNotFound(action));
      return;
    }
    stream.info.service = cluster.config.service;
    const admission = new Admission(cluster.breakers[action.priority]);
    this.#admission = admission;
    const admitted = admission.take();
    if (!admitted && !admission.ask((taken) => this.#asked(taken))) {
      stream.reply(overflow);
      return;
    }
    this.#chosen = { choice, action, weighted, table: stream.manager.matcher?.table };
    this.#retryPolicy = askedRetries(action.retry ?? choice.virtualHost.retry, head.headers);
    this.#limitTime(head.headers, action);
    const aim = new Aim(cluster, action, head, stream.info, context.random);
    this.#aim = aim;
    rewriteRequest(head, this.#chosen, stream.info);
    if (head.authority === '' && action.host === undefined) {
      // Only HTTP/1.0 may leave it out, and HTTP/2 has no way to say so.
      stream.reply(missingHost);
      return;
    }
    if (action.idleTimeoutMs !== undefined) stream.setIdleTimeout(action.idleTimeoutMs);
    this.#complete = end;
    if (action.mirrors.length > 0)
      this.#shadows = startShadows(head, end, action.mirrors, context, aim.destination);
    if (admitted) this.#try(false);
    if (end && !this.#over) this.#requestEnded();
  }

  /** Another worker has said whether it can spare a place. */
  #asked(taken: boolean): void {
    if (taken) this.#try(false);
    else this.#stream.reply(overflow);
  }

  #retriesBy(policy: RetryPolicy): Retries {
    const { wheel, random } = this.#stream.manager.context;
    const { breakers } = this.#admission as Admission;
    this.#retries ??= new Retries(policy, { breakers, wheel, random, again: () => this.#try(true) });
    return this.#retries;
  }

  // --- trying -----------------------------------------------------------------------------------------------

  /** @param isRetry it holds one of the cluster's retries */
  #try(isRetry: boolean): void {
    const stream = this.#stream;
    const aim = this.#aim as Aim;
    const { action, choice } = this.#chosen as Chosen;
    const head = this.#head as RequestHead;
    const endpoint = aim.pick(this.#retries);
    if (endpoint === undefined) {
      if (isRetry) this.#retries?.release();
      if (!this.#inFlight()) stream.reply(noHealthyUpstream);
      return;
    }
    stream.info.attempts++;
    this.#admission?.breakers.recent?.add(stream.manager.context.wheel.now());
    stream.info.upstreamHost = endpoint.key;
    stream.info.peer =
      stream.info.connection.direction === 'inbound' ? stream.info.peer : endpoint.config.workload;
    if (choice.virtualHost.includeAttemptCount)
      head.headers.set('x-envoy-attempt-count', String(stream.info.attempts));
    if (action.host?.kind === 'auto') head.authority = endpoint.config.address;
    const timeouts = this.#timeouts;
    if (timeouts !== undefined) {
      tellDeadline(head.headers, timeouts.left, action, this.#hedges ? 0 : timeouts.tryMs);
      timeouts.startTry();
    }
    const attempt = new Attempt(aim.cluster, endpoint, isRetry, this);
    this.#race.current = attempt;
    attempt.start(action.priority, stream.info);
  }

  onConnected(attempt: Attempt, upstream: Stream<RequestHead>, lease: Lease): void {
    if (!this.#race.has(attempt)) return;
    const { info, manager } = this.#stream;
    info.upstreamLocalAddress = lease.localAddress;
    info.upstreamRequestAt = manager.context.wheel.now();
    info.upstreamTls = lease.secured;
    info.upstreamPeerUri = lease.peerUri;
    const head = this.#head as RequestHead;
    const { meshHeaders } = this.#stream;
    if (meshHeaders !== undefined)
      tellMesh(head, meshHeaders, attempt.endpoint.config.transport.tlsMode === 'istio');
    upstream.sendHead(head, this.#headEnds);
    if (this.#responseHolds > 0) upstream.pause();
    const ready = this.#headEnds || this.#bodyToKeep().replay(upstream);
    if (!this.#mayRetry() && !this.#hedges) this.#body?.drop();
    if (ready) this.#body?.release();
    else this.#body?.hold();
  }

  onRequestDrain(attempt: Attempt): void {
    if (attempt === this.#race.current) this.#body?.release();
  }

  onFailure(attempt: Attempt, failure: Failure, stale: boolean): void {
    if (!this.#race.has(attempt)) return;
    const { info } = this.#stream;
    const first = this.#leave(attempt);
    // Nobody has seen the request: try again at once, it costs no retry.
    if (
      first &&
      stale &&
      this.#stale++ < maxStale &&
      this.#replayable() &&
      idempotent.has((this.#head as RequestHead).method)
    ) {
      this.#try(attempt.isRetry);
      return;
    }
    if (attempt.isRetry) this.#retries?.release();
    info.upstreamFailure = failure.transport;
    const policy = this.#retryPolicy;
    const wanted = policy !== undefined && wantsAfterFailure(policy, failure);
    if (first && wanted && this.#replayable() && this.#retriesBy(policy).schedule(attempt.endpoint)) return;
    if (this.#inFlight()) return;
    info.flag(failure.flag);
    if (wanted && this.#retries?.left === 0) info.flag('URX');
    this.#stream.reply(failureReply(failure, info.attempts));
  }

  // --- the response -----------------------------------------------------------------------------------------

  onInformational(attempt: Attempt, head: ResponseHead): void {
    if (attempt === this.#race.current) this.#stream.encodeInformational(head);
  }

  onResponse(attempt: Attempt, head: ResponseHead, end: boolean): void {
    if (!this.#race.has(attempt)) return;
    const { info, manager } = this.#stream;
    const policy = this.#retryPolicy;
    const wanted = policy !== undefined && wantsAfterResponse(policy, head.status, head.headers);
    if (wanted) {
      const first = this.#leave(attempt);
      if (attempt.isRetry) this.#retries?.release();
      const retried = first && this.#replayable() && this.#retriesBy(policy).schedule(attempt.endpoint);
      // A late attempt has its retry already; and what is still under way may do better.
      if (retried || this.#inFlight()) {
        if (!end) attempt.discard();
        return;
      }
      if (this.#retries?.left === 0) info.flag('URX');
    }
    this.#timeouts?.stopTry();
    if (this.#race.settle(attempt)) info.upstreamHost = attempt.endpoint.key;
    info.upstreamFirstByteAt = manager.context.wheel.now();
    info.details = 'via_upstream';
    this.#answering = true;
    this.#retries?.cancel();
    this.#body?.drop();
    // What it switches to has no end that a timeout could wait for.
    if (head.status === 101) this.#timeouts?.stop();
    const { newCookie } = this.#aim as Aim;
    const elapsed = Math.round(
      info.upstreamFirstByteAt - (this.#complete ? this.#completeAt : info.startedMono),
    );
    head.headers.set('x-envoy-upstream-service-time', String(Math.max(0, elapsed)));
    if (newCookie !== undefined) head.headers.add('set-cookie', newCookie);
    rewriteResponse(head, this.#head as RequestHead, this.#chosen as Chosen, info);
    if (end) this.#responseEnded();
    this.#stream.encodeHead(head, end);
  }

  onResponseData(attempt: Attempt, chunk: Buffer, end: boolean): void {
    if (attempt !== this.#race.current) return;
    if (end) this.#responseEnded();
    if (!this.#stream.encodeData(chunk, end) && !end && !this.#blocked && !this.#over) {
      this.#blocked = true;
      this.hold();
    }
  }

  onResponseTrailers(attempt: Attempt, trailers: Headers): void {
    if (attempt !== this.#race.current) return;
    this.#responseEnded();
    this.#stream.encodeTrailers(trailers);
  }

  onBroken(attempt: Attempt, reason: ResetReason): void {
    if (attempt !== this.#race.current) return;
    const { info } = this.#stream;
    info.flag(resetFailure(reason).flag);
    info.details = `upstream_reset_after_response_started{${resetFailure(reason).reason.replaceAll(' ', '_')}}`;
    this.#stream.resetDownstream('connection-termination');
  }

  #responseEnded(): void {
    this.#stream.info.upstreamLastByteAt = this.#stream.manager.context.wheel.now();
  }

  // --- attempts side by side --------------------------------------------------------------------------------

  /** Another answer may come. */
  #inFlight(): boolean {
    return this.#race.running || this.#retries?.waiting === true;
  }

  /** An attempt is over. True: it was the one under way, not a late one. */
  #leave(attempt: Attempt): boolean {
    const first = this.#race.leave(attempt);
    if (first) this.#timeouts?.stopTry();
    return first;
  }

  // --- time -------------------------------------------------------------------------------------------------

  #limitTime(headers: Headers, action: ForwardAction): void {
    const wholeMs = timeoutOf(action, headers);
    const tryMs = tryTimeoutOf(this.#retryPolicy, headers, wholeMs);
    if (wholeMs > 0 || tryMs > 0)
      this.#timeouts = new Timeouts(this.#stream.manager.context.wheel, wholeMs, tryMs, this);
    this.#hedges = tryMs > 0 && hedgesOf(action, headers);
    const { trace } = this.#stream.manager.context;
    trace?.onForward({ timeoutMs: wholeMs, tryMs, retry: this.#retryPolicy, hedges: this.#hedges });
  }

  /** The request is complete: Envoy measures its timeouts from here. */
  #requestEnded(): void {
    this.#complete = true;
    this.#completeAt = this.#stream.manager.context.wheel.now();
    const timeouts = this.#timeouts;
    if (timeouts === undefined) return;
    timeouts.start(this.#head?.upgrade !== 'connect');
    if (this.#race.current !== undefined && !this.#answering) timeouts.startTry();
  }

  tryTimedOut(): void {
    const attempt = this.#race.current;
    const policy = this.#retryPolicy;
    if (attempt === undefined || this.#answering) return;
    if (this.#hedges && policy !== undefined) {
      attempt.late();
      // Without another attempt to be had this one may take what time there is.
      if (!this.#replayable() || !this.#retriesBy(policy).schedule(attempt.endpoint)) return;
      this.#race.overtake();
      return;
    }
    attempt.timeOut();
    this.onFailure(attempt, perTryTimeout, false);
  }

  timedOut(): void {
    const { info } = this.#stream;
    info.flag('UT');
    this.#race.current?.timeOut();
    if (this.#answering) {
      info.details = 'response_timeout';
      this.#stream.resetDownstream('local-reset');
    } else this.#stream.reply(timedOut);
  }

  // --- the request's body -----------------------------------------------------------------------------------

  #bodyToKeep(): RequestBody {
    this.#body ??= new RequestBody(this.#stream);
    return this.#body;
  }

  #mayRetry(): boolean {
    if (this.#retryPolicy === undefined || this.#answering) return false;
    return (this.#retries?.left ?? this.#retryPolicy.retries) > 0;
  }

  #replayable(): boolean {
    return this.#headEnds || this.#body?.replayable !== false;
  }
}

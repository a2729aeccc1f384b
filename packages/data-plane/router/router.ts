import { formatAuthority } from '@tulle/decision/authority';
import { requestHash } from '@tulle/decision/balance/request-hash';
import type { Headers } from '@tulle/decision/headers';
import { pickCluster, type RouteChoice } from '@tulle/decision/match';
import type { RetryPolicy } from '@tulle/decision/tables/retry-policy';
import type { ForwardAction } from '@tulle/decision/tables/route-action';
import type { HttpStream } from '../http/http-stream.ts';
import type { LocalReply } from '../http/local-reply.ts';
import { isMisdirected, misdirection } from '../http/misdirected.ts';
import type { RequestHead, ResetReason, ResponseHead, Stream } from '../http/stream.ts';
import type { Breakers } from '../upstream/breakers.ts';
import type { ClusterState } from '../upstream/cluster.ts';
import type { Lease } from '../upstream/pool/lease.ts';
import { askedRetries } from './asked-retries.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { hedgesOf, tellDeadline, timeoutOf, tryTimeoutOf } from './deadline.ts';
import { type Failure, perTryTimeout, resetFailure } from './failure.ts';
import { type Chosen, rewriteRequest, rewriteResponse, tellMesh } from './heads.ts';
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
  #cluster: ClusterState | undefined = undefined;
  #breakers: Breakers | undefined = undefined;
  /** Another worker is being asked whether it can spare a request; takes the question back. */
  #unask: (() => void) | undefined = undefined;
  #retryPolicy: RetryPolicy | undefined = undefined;
  /** Undefined: no limits. */
  #timeouts: Timeouts | undefined = undefined;
  #hedges = false;
  /** Made when a first attempt has failed. */
  #retries: Retries | undefined = undefined;
  #attempt: Attempt | undefined = undefined;
  /** Late, and still under way. */
  #rivals: Attempt[] | undefined = undefined;
  #hash: number | undefined = undefined;
  /** Keeps the client with its endpoint from here on. */
  #newCookie: string | undefined = undefined;
  /** Undefined: none has come. */
  #body: RequestBody | undefined = undefined;
  #shadows: Shadow[] | undefined = undefined;
  #stale = 0;
  /** Who the request itself names, for clusters without endpoints of their own. */
  #destination = '';
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
    const { action } = choice.route;
    if (action.kind === 'forward') this.#forward(head, end, choice, action);
    else stream.reply(routeReply(head, choice) as LocalReply);
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.#over) return;
    for (const shadow of this.#shadows ?? []) shadow.data(chunk, end);
    const upstream = this.#attempt?.stream;
    this.#bodyToKeep().keep(chunk, end, upstream === undefined, this.#mayRetry());
    if (end) this.#requestEnded();
    if (upstream !== undefined && !upstream.sendData(chunk, end)) this.#body?.hold();
  }

  onTrailers(trailers: Headers): void {
    if (this.#over) return;
    for (const shadow of this.#shadows ?? []) shadow.trailers(trailers);
    this.#bodyToKeep().end(trailers);
    if (this.#attempt?.stream !== undefined && !this.#mayRetry()) this.#body?.drop();
    this.#requestEnded();
    this.#attempt?.stream?.sendTrailers(trailers.clone());
  }

  /** The client takes more of the response. */
  onDrain(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.release();
  }

  /** Stops reading the response; counted. */
  hold(): void {
    if (this.#responseHolds++ === 0) this.#attempt?.stream?.pause();
  }

  release(): void {
    if (--this.#responseHolds === 0) this.#attempt?.stream?.resume();
  }

  /** The stream is over, or answered by someone else: everything is given back. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#unask?.();
    this.#timeouts?.stop();
    this.#retries?.cancel();
    this.#attempt?.abandon();
    this.#attempt = undefined;
    this.#giveUpRivals();
    if (!this.#complete) for (const shadow of this.#shadows ?? []) shadow.cancel();
    if (this.#breakers !== undefined) this.#breakers.requests.release();
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
    if (!this.#takeRequest(cluster.breakers[action.priority])) {
      stream.reply(overflow);
      return;
    }
    this.#chosen = { choice, action, weighted, table: stream.manager.matcher?.table };
    this.#cluster = cluster;
    this.#retryPolicy = askedRetries(action.retry ?? choice.virtualHost.retry, head.headers);
    this.#limitTime(head.headers, action);
    if (action.hashPolicy.length > 0) {
      const subject = {
        headers: head.headers,
        path: head.path,
        remoteAddress: stream.info.clientAddress,
      };
      const { hash, cookie } = requestHash(action.hashPolicy, subject, context.random);
      this.#hash = hash;
      this.#newCookie = cookie;
    }
    const { connection } = stream.info;
    this.#destination =
      cluster.config.discovery.kind === 'original-destination'
        ? formatAuthority(connection.localAddress, connection.localPort)
        : (connection.tunnel ?? head.authority);
    rewriteRequest(head, this.#chosen, stream.info);
    if (head.authority === '' && action.host === undefined) {
      // Only HTTP/1.0 may leave it out, and HTTP/2 has no way to say so.
      stream.reply(missingHost);
      return;
    }
    if (action.idleTimeoutMs !== undefined) stream.setIdleTimeout(action.idleTimeoutMs);
    this.#complete = end;
    if (action.mirrors.length > 0)
      this.#shadows = startShadows(head, end, action.mirrors, context, this.#destination);
    if (this.#unask === undefined) this.#try();
    if (end && !this.#over) this.#requestEnded();
  }

  /** False: the cluster has as many requests as it may. */
  #takeRequest(breakers: Breakers): boolean {
    if (breakers.requests.take()) {
      this.#breakers = breakers;
      return true;
    }
    this.#unask = breakers.requests.ask((taken) => {
      this.#unask = undefined;
      if (taken) {
        this.#breakers = breakers;
        this.#try();
      } else this.#stream.reply(overflow);
    });
    return this.#unask !== undefined;
  }

  #retriesBy(policy: RetryPolicy): Retries {
    const { wheel, random } = this.#stream.manager.context;
    const breakers = this.#breakers as Breakers;
    this.#retries ??= new Retries(policy, { breakers, wheel, random, again: () => this.#try() });
    return this.#retries;
  }

  // --- trying -----------------------------------------------------------------------------------------------

  #try(): void {
    const stream = this.#stream;
    const cluster = this.#cluster as ClusterState;
    const { action, choice } = this.#chosen as Chosen;
    const head = this.#head as RequestHead;
    const policy = this.#retryPolicy;
    const avoid = policy?.avoidPreviousHosts === true ? this.#retries?.tried : undefined;
    const endpoint = cluster.pick({
      destination: this.#destination,
      defaultPort: head.scheme === 'https' ? 443 : 80,
      hash: this.#hash,
      avoid,
      attempts: avoid === undefined ? 1 : (policy?.hostSelectionAttempts ?? 1),
      beyond: this.#retries?.beyond,
    });
    if (endpoint === undefined) {
      if (!this.#inFlight()) stream.reply(noHealthyUpstream);
      return;
    }
    stream.info.attempts++;
    this.#breakers?.recent?.add(stream.manager.context.wheel.now());
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
    const attempt = new Attempt(cluster, endpoint, this);
    this.#attempt = attempt;
    attempt.start(action.priority, stream.info);
  }

  onConnected(attempt: Attempt, upstream: Stream<RequestHead>, lease: Lease): void {
    if (!this.#isOurs(attempt)) return;
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
    if (attempt === this.#attempt) this.#body?.release();
  }

  onFailure(attempt: Attempt, failure: Failure, stale: boolean): void {
    if (!this.#isOurs(attempt)) return;
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
      this.#try();
      return;
    }
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
    if (attempt === this.#attempt) this.#stream.encodeInformational(head);
  }

  onResponse(attempt: Attempt, head: ResponseHead, end: boolean): void {
    if (!this.#isOurs(attempt)) return;
    const { info, manager } = this.#stream;
    const policy = this.#retryPolicy;
    const wanted = policy !== undefined && wantsAfterResponse(policy, head.status, head.headers);
    if (wanted) {
      const first = this.#leave(attempt);
      const retried = first && this.#replayable() && this.#retriesBy(policy).schedule(attempt.endpoint);
      // A late attempt has its retry already; and what is still under way may do better.
      if (retried || this.#inFlight()) {
        if (!end) attempt.discard();
        return;
      }
      if (this.#retries?.left === 0) info.flag('URX');
    }
    this.#settleOn(attempt);
    info.upstreamFirstByteAt = manager.context.wheel.now();
    info.details = 'via_upstream';
    this.#answering = true;
    this.#retries?.cancel();
    this.#body?.drop();
    // What it switches to has no end that a timeout could wait for.
    if (head.status === 101) this.#timeouts?.stop();
    const elapsed = Math.round(
      info.upstreamFirstByteAt - (this.#complete ? this.#completeAt : info.startedMono),
    );
    head.headers.set('x-envoy-upstream-service-time', String(Math.max(0, elapsed)));
    if (this.#newCookie !== undefined) head.headers.add('set-cookie', this.#newCookie);
    rewriteResponse(head, this.#head as RequestHead, this.#chosen as Chosen, info);
    if (end) this.#responseEnded();
    this.#stream.encodeHead(head, end);
  }

  onResponseData(attempt: Attempt, chunk: Buffer, end: boolean): void {
    if (attempt !== this.#attempt) return;
    if (end) this.#responseEnded();
    if (!this.#stream.encodeData(chunk, end) && !end && !this.#blocked && !this.#over) {
      this.#blocked = true;
      this.hold();
    }
  }

  onResponseTrailers(attempt: Attempt, trailers: Headers): void {
    if (attempt !== this.#attempt) return;
    this.#responseEnded();
    this.#stream.encodeTrailers(trailers);
  }

  onBroken(attempt: Attempt, reason: ResetReason): void {
    if (attempt !== this.#attempt) return;
    const { info } = this.#stream;
    info.flag(resetFailure(reason).flag);
    info.details = `upstream_reset_after_response_started{${resetFailure(reason).reason.replaceAll(' ', '_')}}`;
    this.#stream.resetDownstream('connection-termination');
  }

  #responseEnded(): void {
    this.#stream.info.upstreamLastByteAt = this.#stream.manager.context.wheel.now();
  }

  // --- attempts side by side --------------------------------------------------------------------------------

  #isOurs(attempt: Attempt): boolean {
    return attempt === this.#attempt || this.#rivals?.includes(attempt) === true;
  }

  /** Another answer may come. */
  #inFlight(): boolean {
    return this.#attempt !== undefined || this.#retries?.waiting === true || (this.#rivals?.length ?? 0) > 0;
  }

  /** An attempt is over. True: it was the one under way, not a late one. */
  #leave(attempt: Attempt): boolean {
    if (attempt !== this.#attempt) {
      this.#rivals = this.#rivals?.filter((rival) => rival !== attempt);
      return false;
    }
    this.#attempt = undefined;
    this.#timeouts?.stopTry();
    return true;
  }

  /** The answer is this one's: the others are given up. */
  #settleOn(attempt: Attempt): void {
    this.#timeouts?.stopTry();
    const other = this.#attempt;
    this.#attempt = attempt;
    if (this.#rivals === undefined) return;
    if (other !== attempt) other?.abandon();
    this.#rivals = this.#rivals.filter((rival) => rival !== attempt);
    this.#giveUpRivals();
    this.#stream.info.upstreamHost = attempt.endpoint.key;
  }

  #giveUpRivals(): void {
    for (const rival of this.#rivals ?? []) rival.abandon();
    this.#rivals = undefined;
  }

  // --- time -------------------------------------------------------------------------------------------------

  #limitTime(headers: Headers, action: ForwardAction): void {
    const wholeMs = timeoutOf(action, headers);
    const tryMs = tryTimeoutOf(this.#retryPolicy, headers, wholeMs);
    if (wholeMs > 0 || tryMs > 0)
      this.#timeouts = new Timeouts(this.#stream.manager.context.wheel, wholeMs, tryMs, this);
    this.#hedges = tryMs > 0 && hedgesOf(action, headers);
  }

  /** The request is complete: Envoy measures its timeouts from here. */
  #requestEnded(): void {
    this.#complete = true;
    this.#completeAt = this.#stream.manager.context.wheel.now();
    const timeouts = this.#timeouts;
    if (timeouts === undefined) return;
    timeouts.start(this.#head?.upgrade !== 'connect');
    if (this.#attempt !== undefined && !this.#answering) timeouts.startTry();
  }

  tryTimedOut(): void {
    const attempt = this.#attempt;
    const policy = this.#retryPolicy;
    if (attempt === undefined || this.#answering) return;
    if (this.#hedges && policy !== undefined) {
      attempt.late();
      // Without another attempt to be had this one may take what time there is.
      if (!this.#replayable() || !this.#retriesBy(policy).schedule(attempt.endpoint)) return;
      this.#rivals ??= [];
      this.#rivals.push(attempt);
      this.#attempt = undefined;
      return;
    }
    attempt.timeOut();
    this.onFailure(attempt, perTryTimeout, false);
  }

  timedOut(): void {
    const { info } = this.#stream;
    info.flag('UT');
    this.#attempt?.timeOut();
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

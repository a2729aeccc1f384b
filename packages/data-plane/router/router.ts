import { formatAuthority } from '@tulle/decision/authority';
import { requestHash } from '@tulle/decision/balance/request-hash';
import type { Headers } from '@tulle/decision/headers';
import { pickCluster, type RouteChoice } from '@tulle/decision/match';
import { redirectLocation } from '@tulle/decision/rewrite';
import type { RetryPolicy } from '@tulle/decision/tables/retry-policy';
import type { ForwardAction } from '@tulle/decision/tables/route-action';
import type { HttpStream } from '../http/http-stream.ts';
import { isMisdirected, misdirection } from '../http/misdirected.ts';
import type { RequestHead, ResetReason, ResponseHead, Stream } from '../http/stream.ts';
import type { Timer } from '../timers/wheel.ts';
import type { Breakers } from '../upstream/breakers.ts';
import type { ClusterState } from '../upstream/cluster.ts';
import type { Lease } from '../upstream/pool/lease.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { tellDeadline, timeoutOf } from './deadline.ts';
import { type Failure, failureBody, failureDetails, perTryTimeout, resetFailure } from './failure.ts';
import { type Chosen, rewriteRequest, rewriteResponse } from './heads.ts';
import { RequestBuffer } from './request-buffer.ts';
import { Retries, wantsAfterFailure, wantsAfterResponse } from './retries.ts';
import { Shadow } from './shadow.ts';

/** What a request must not have done twice unless it is asked for (RFC 9110 section 9.2.2). */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** Held for a connection that is being made; above, the client waits. */
const waitingBytes = 64 * 1024;
/** Connections that turn out to be closed, for one request. */
const maxStale = 8;

/**
 * Routes one request: Idle ─▶ Trying ⇄ BackingOff ─▶ Answering ─▶ Over.
 * Local answers go Idle ─▶ Over.
 */
export class Router implements AttemptOwner {
  readonly #stream: HttpStream;
  #head: RequestHead | undefined = undefined;
  #headEnds = false;
  /** The request has come as a whole. */
  #complete = false;
  #chosen: Chosen | undefined = undefined;
  #cluster: ClusterState | undefined = undefined;
  #breakers: Breakers | undefined = undefined;
  /** Another worker is being asked whether it can spare a request; takes the question back. */
  #unask: (() => void) | undefined = undefined;
  #retryPolicy: RetryPolicy | undefined = undefined;
  /** From the request's end to the answer's; 0: any time. */
  #timeoutMs = 0;
  /** Made when a first attempt has failed. */
  #retries: Retries | undefined = undefined;
  #attempt: Attempt | undefined = undefined;
  #hash: number | undefined = undefined;
  /** Keeps the client with its endpoint from here on. */
  #newCookie: string | undefined = undefined;
  #buffer: RequestBuffer | undefined = undefined;
  #shadows: Shadow[] | undefined = undefined;
  #timeout: Timer | undefined = undefined;
  #tryTimeout: Timer | undefined = undefined;
  #holdsRequest = false;
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
      stream.reply(
        elsewhere ? misdirection : { status: 404, body: '', details: 'route_not_found', flag: 'NR' },
      );
      return;
    }
    const { action, match } = choice.route;
    switch (action.kind) {
      case 'redirect': {
        const location = redirectLocation(head, match.path, action);
        stream.reply({ status: action.status, body: '', details: 'direct_response', headers: { location } });
        return;
      }
      case 'direct':
        stream.reply({ status: action.status, body: action.body, details: 'direct_response' });
        return;
      case 'forward':
        this.#forward(head, end, choice, action);
    }
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.#over) return;
    for (const shadow of this.#shadows ?? []) shadow.data(chunk, end);
    const upstream = this.#attempt?.stream;
    this.#keep(chunk, end, upstream === undefined);
    if (end) this.#requestEnded();
    if (upstream !== undefined && !upstream.sendData(chunk, end)) this.#holdRequest();
  }

  onTrailers(trailers: Headers): void {
    if (this.#over) return;
    for (const shadow of this.#shadows ?? []) shadow.trailers(trailers);
    this.#body.end(trailers);
    if (this.#attempt?.stream !== undefined && !this.#mayRetry()) this.#body.drop();
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
    this.#timeout?.stop();
    this.#tryTimeout?.stop();
    this.#retries?.cancel();
    this.#attempt?.abandon();
    this.#attempt = undefined;
    if (!this.#complete) for (const shadow of this.#shadows ?? []) shadow.cancel();
    if (this.#breakers !== undefined) this.#breakers.requests.release();
    this.#buffer?.drop();
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
      stream.reply({ status: 403, body: '', details: 'upgrade_failed' });
      return;
    }
    const weighted = pickCluster(action, context.random);
    const cluster = weighted === undefined ? undefined : context.clusters.get(weighted.name);
    stream.info.cluster = weighted?.name ?? '';
    if (weighted === undefined || cluster === undefined) {
      stream.reply({
        status: action.clusterNotFoundStatus,
        body: '',
        details: 'cluster_not_found',
        flag: 'NC',
      });
      return;
    }
    stream.info.service = cluster.config.service;
    if (!this.#takeRequest(cluster.breakers[action.priority])) {
      this.#replyOverflow();
      return;
    }
    this.#chosen = { choice, action, weighted, table: stream.manager.matcher?.table };
    this.#cluster = cluster;
    this.#retryPolicy = action.retry ?? choice.virtualHost.retry;
    this.#timeoutMs = timeoutOf(action, head.headers);
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
      stream.reply({ status: 400, body: '', details: 'missing_host_header' });
      return;
    }
    if (action.idleTimeoutMs !== undefined) stream.setIdleTimeout(action.idleTimeoutMs);
    this.#complete = end;
    this.#mirror(head, end, action);
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
      } else this.#replyOverflow();
    });
    return this.#unask !== undefined;
  }

  #retriesBy(policy: RetryPolicy): Retries {
    const { wheel, random } = this.#stream.manager.context;
    const breakers = this.#breakers as Breakers;
    this.#retries ??= new Retries(policy, { breakers, wheel, random, again: () => this.#try() });
    return this.#retries;
  }

  #mirror(head: RequestHead, end: boolean, action: ForwardAction): void {
    const { context } = this.#stream.manager;
    for (const mirror of action.mirrors) {
      if (context.random() * 1_000_000 >= mirror.fraction) continue;
      const cluster = context.clusters.get(mirror.cluster);
      if (cluster === undefined) continue;
      this.#shadows ??= [];
      this.#shadows.push(new Shadow(cluster, head, end, context.wheel, this.#destination));
    }
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
    });
    if (endpoint === undefined) {
      stream.reply({ status: 503, body: 'no healthy upstream', details: 'no_healthy_upstream', flag: 'UH' });
      return;
    }
    stream.info.attempts++;
    stream.info.upstreamHost = endpoint.key;
    stream.info.peer =
      stream.info.connection.direction === 'inbound' ? stream.info.peer : endpoint.config.workload;
    if (choice.virtualHost.includeAttemptCount)
      head.headers.set('x-envoy-attempt-count', String(stream.info.attempts));
    if (action.host?.kind === 'auto') head.authority = endpoint.config.address;
    tellDeadline(head.headers, this.#timeLeft(), action, policy);
    if (this.#complete) this.#startTryTimeout();
    const attempt = new Attempt(cluster, endpoint, this);
    this.#attempt = attempt;
    attempt.start(action.priority, stream.info);
  }

  onConnected(attempt: Attempt, upstream: Stream<RequestHead>, lease: Lease): void {
    if (attempt !== this.#attempt) return;
    const { info, manager } = this.#stream;
    info.upstreamLocalAddress = lease.localAddress;
    info.upstreamRequestAt = manager.context.wheel.now();
    info.upstreamTls = lease.secured;
    info.upstreamPeerUri = lease.peerUri;
    upstream.sendHead(this.#headFor(attempt), this.#headEnds);
    if (this.#responseHolds > 0) upstream.pause();
    const ready = this.#headEnds || this.#body.replay(upstream);
    if (!this.#mayRetry()) this.#buffer?.drop();
    if (ready) this.#releaseRequest();
    else this.#holdRequest();
  }

  /** The head, with what only the mesh may know where it goes to the mesh. */
  #headFor(attempt: Attempt): RequestHead {
    const head = this.#head as RequestHead;
    const { meshHeaders } = this.#stream;
    if (meshHeaders === undefined) return head;
    const meshed = attempt.endpoint.config.transport.tlsMode === 'istio';
    for (const [name, value] of meshHeaders) {
      if (meshed) head.headers.set(name, value);
      else head.headers.remove(name);
    }
    return head;
  }

  onRequestDrain(attempt: Attempt): void {
    if (attempt === this.#attempt) this.#releaseRequest();
  }

  onFailure(attempt: Attempt, failure: Failure, stale: boolean): void {
    if (attempt !== this.#attempt) return;
    const { info } = this.#stream;
    this.#attempt = undefined;
    this.#tryTimeout?.stop();
    // Nobody has seen the request: try again at once, it costs no retry.
    if (
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
    if (wanted && this.#replayable() && this.#retriesBy(policy).schedule(attempt.endpoint)) return;
    info.flag(failure.flag);
    if (wanted && this.#retries?.left === 0) info.flag('URX');
    if (failure.kind === 'overflow') this.#replyOverflow();
    else
      this.#stream.reply({
        status: failure.status,
        body: failureBody(failure, info.attempts),
        details: failureDetails(failure),
      });
  }

  #replyOverflow(): void {
    this.#stream.reply({
      status: 503,
      body: 'upstream connect error or disconnect/reset before headers. reset reason: overflow',
      details: 'upstream_reset_before_response_started{overflow}',
      flag: 'UO',
      headers: { 'x-envoy-overloaded': 'true' },
    });
  }

  // --- the response -----------------------------------------------------------------------------------------

  onInformational(attempt: Attempt, head: ResponseHead): void {
    if (attempt === this.#attempt) this.#stream.encodeInformational(head);
  }

  onResponse(attempt: Attempt, head: ResponseHead, end: boolean): void {
    if (attempt !== this.#attempt) return;
    const { info, manager } = this.#stream;
    this.#tryTimeout?.stop();
    const policy = this.#retryPolicy;
    const wanted = policy !== undefined && wantsAfterResponse(policy, head.status, head.headers);
    if (wanted && this.#replayable() && this.#retriesBy(policy).schedule(attempt.endpoint)) {
      this.#attempt = undefined;
      if (!end) attempt.discard();
      return;
    }
    if (wanted && this.#retries?.left === 0) info.flag('URX');
    info.upstreamFirstByteAt = manager.context.wheel.now();
    info.details = 'via_upstream';
    this.#answering = true;
    this.#retries?.release();
    this.#buffer?.drop();
    // What it switches to has no end that a timeout could wait for.
    if (head.status === 101) this.#timeout?.stop();
    const elapsed = Math.round(
      info.upstreamFirstByteAt - (info.requestEndedAt > 0 ? info.requestEndedAt : info.startedMono),
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

  // --- time -------------------------------------------------------------------------------------------------

  /** The request is complete: Envoy measures its timeouts from here. */
  #requestEnded(): void {
    this.#complete = true;
    if (this.#timeoutMs > 0 && this.#head?.upgrade !== 'connect') {
      this.#timeout ??= this.#stream.manager.context.wheel.timer(() => this.#timedOut());
      this.#timeout.start(this.#timeoutMs);
    }
    if (this.#attempt !== undefined && !this.#answering) this.#startTryTimeout();
  }

  /** Milliseconds for the rest of the exchange; 0: any time. */
  #timeLeft(): number {
    const { info, manager } = this.#stream;
    if (this.#timeoutMs === 0 || info.requestEndedAt === 0) return this.#timeoutMs;
    return Math.max(1, this.#timeoutMs - (manager.context.wheel.now() - info.requestEndedAt));
  }

  #startTryTimeout(): void {
    const ms = this.#retryPolicy?.perTryTimeoutMs ?? 0;
    if (ms <= 0) return;
    this.#tryTimeout ??= this.#stream.manager.context.wheel.timer(() => this.#tryTimedOut());
    if (!this.#tryTimeout.armed) this.#tryTimeout.start(ms);
  }

  #tryTimedOut(): void {
    const attempt = this.#attempt;
    if (attempt === undefined || this.#answering) return;
    attempt.timeOut();
    this.onFailure(attempt, perTryTimeout, false);
  }

  #timedOut(): void {
    const { info } = this.#stream;
    info.flag('UT');
    this.#attempt?.timeOut();
    if (this.#answering) {
      info.details = 'response_timeout';
      this.#stream.resetDownstream('local-reset');
    } else this.#stream.reply({ status: 504, body: 'upstream request timeout', details: 'response_timeout' });
  }

  // --- the request's body -----------------------------------------------------------------------------------

  get #body(): RequestBuffer {
    this.#buffer ??= new RequestBuffer();
    return this.#buffer;
  }

  #mayRetry(): boolean {
    if (this.#retryPolicy === undefined || this.#answering) return false;
    return (this.#retries?.left ?? this.#retryPolicy.retries) > 0;
  }

  #replayable(): boolean {
    return this.#headEnds || this.#buffer?.complete !== false;
  }

  #keep(chunk: Buffer, end: boolean, waiting: boolean): void {
    const body = this.#body;
    if (!waiting && !this.#mayRetry()) body.drop();
    body.add(chunk, end);
    if (waiting) {
      if (body.bytes > waitingBytes) this.#holdRequest();
    } else if (body.bytes > this.#stream.bufferLimit) body.drop();
  }

  #holdRequest(): void {
    if (this.#holdsRequest) return;
    this.#holdsRequest = true;
    this.#stream.holdRequest();
  }

  #releaseRequest(): void {
    if (!this.#holdsRequest) return;
    this.#holdsRequest = false;
    this.#stream.releaseRequest();
  }
}

import { status } from '@grpc/grpc-js';
import { alarm, type Clock } from '../clock.ts';
import { healthTypeUrl, type Snapshot } from '../resource.ts';
import { type core_Node, WireError } from '../wire.ts';
import type { Arrivals } from './arrivals.ts';
import { type AdsCall, resetStream, writeMessage } from './grpc-stream.ts';
import { readDeltaRequest, readStateOfTheWorldRequest, type SessionRequest } from './request.ts';
import { encodeResponse } from './response.ts';
import type { SendBudget, Sender } from './send-budget.ts';
import { Session, type SessionEvent } from './session.ts';
import { SessionError } from './subscription.ts';

export interface StreamEvents {
  /** The first request: who is there. Throws StreamRefused. */
  identify(stream: AdsStream, node: core_Node): void;
  /** It has been let in; from here on snapshots reach it. Before any of its events. */
  onOpen(stream: AdsStream, node: core_Node): void;
  onEvent(stream: AdsStream, event: SessionEvent): void;
  onHealth(stream: AdsStream, healthy: boolean, message: string): void;
  /** How long a stage took. */
  onStage(stage: SendStage, milliseconds: number): void;
  /** It will be closed, because it does not read. */
  onTooSlow(stream: AdsStream, why: string): void;
  /** Once, whatever happened; also for streams that were never identified. */
  onClose(stream: AdsStream, reason: 'goodbye' | 'lost'): void;
}

/** What all streams share. */
export interface StreamSurroundings {
  readonly clock: Clock;
  readonly events: StreamEvents;
  readonly budget: SendBudget;
  readonly arrivals: Arrivals;
}

/** What becomes of a response: it is chosen and encoded, then handed to the transport. */
export type SendStage = 'serialise' | 'send';

/** Thrown to end a stream with a gRPC status. */
export class StreamRefused extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A client that opens a stream and says nothing is not waited for longer. */
const firstRequestMs = 10_000;

/**
 * Drives one session over one gRPC stream: one response at a time, made when the transport has taken the one before
 * and the budget of all streams allows for it.
 *
 * Opened → (first request) → Arrived → (its turn) → Identified → Closed
 */
export class AdsStream implements Sender {
  readonly variant: 'delta' | 'sotw';
  readonly connectedAt: number;
  readonly session = new Session();
  /** Set by `identify`. */
  proxyId = '';
  node: core_Node | undefined;
  readonly #call: AdsCall;
  readonly #clock: Clock;
  readonly #events: StreamEvents;
  readonly #budget: SendBudget;
  readonly #arrivals: Arrivals;
  /** Looks at the first request; it waits while this is set. */
  #arrive: (() => void) | undefined;
  #state: 'opened' | 'arrived' | 'identified' | 'closed' = 'opened';
  /** The transport has not taken the last response. */
  #sending = false;
  #isNew = true;
  #timer: { cancel(): void };
  #expiry: { cancel(): void } | undefined;

  constructor(
    call: AdsCall,
    variant: 'delta' | 'sotw',
    { clock, events, budget, arrivals }: StreamSurroundings,
  ) {
    this.variant = variant;
    this.connectedAt = clock.now();
    this.#call = call;
    this.#clock = clock;
    this.#events = events;
    this.#budget = budget;
    this.#arrivals = arrivals;
    this.#timer = clock.after(firstRequestMs, () => this.fail(status.DEADLINE_EXCEEDED, 'no request'));
    call.on('data', (bytes: Buffer) => this.#receive(bytes));
    // A client that has drained ends its side; a broken connection is cancelled, with or without an end.
    call.on('end', () => setImmediate(() => this.#close(call.cancelled ? 'lost' : 'goodbye')));
    call.on('cancelled', () => this.#close('lost'));
    call.on('error', () => this.#close('lost'));
  }

  get peer(): string {
    return this.#call.getPeer();
  }

  /** DER of the verified peer certificate; undefined without mutual TLS. */
  get peerCertificate(): Uint8Array | undefined {
    return this.#call.getAuthContext().sslPeerCertificate?.raw;
  }

  setSnapshot(snapshot: Snapshot): void {
    if (this.#state === 'closed') return;
    this.session.setSnapshot(snapshot);
    this.#pump();
  }

  #receive(bytes: Buffer): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'opened') {
      this.#wait(bytes);
      return;
    }
    try {
      const request = this.variant === 'delta' ? readDeltaRequest(bytes) : readStateOfTheWorldRequest(bytes);
      if (this.#state === 'arrived') this.#identify(request);
      if (request.typeUrl === healthTypeUrl) {
        this.#events.onHealth(this, request.error === undefined, request.error?.message ?? '');
        return;
      }
      for (const event of this.session.request(request, this.#clock.steady()))
        this.#events.onEvent(this, event);
      this.#pump();
    } catch (error) {
      if (error instanceof StreamRefused) this.fail(error.code, error.message);
      else if (error instanceof WireError)
        this.fail(status.INVALID_ARGUMENT, `not a request: ${error.message}`);
      else if (error instanceof SessionError) this.fail(status.RESOURCE_EXHAUSTED, error.message);
      else throw error;
    }
  }

  /** Opened → Arrived: nothing more is read until it is its turn. */
  #wait(first: Buffer): void {
    this.#state = 'arrived';
    this.#timer.cancel();
    this.#call.pause();
    this.#arrive = () => {
      this.#arrive = undefined;
      this.#receive(first);
      this.#call.resume();
    };
    this.#arrivals.add(this.#arrive);
  }

  /** Arrived → Identified */
  #identify(request: SessionRequest): void {
    if (request.node === undefined)
      throw new StreamRefused(status.INVALID_ARGUMENT, 'the first request must carry a node');
    this.node = request.node;
    this.#events.identify(this, request.node);
    this.#state = 'identified';
    this.#events.onOpen(this, request.node);
  }

  /** It has not yet had all that it should have. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** Asks for a turn; it will be seen then whether there is something to send. */
  #pump(): void {
    if (this.#state === 'identified' && !this.#sending) this.#budget.ask(this);
  }

  send(): number {
    const clock = this.#clock;
    const begin = clock.steady();
    const response = this.session.next(begin, this.variant);
    if (response === undefined) {
      this.#isNew &&= Object.values(this.session.subscriptions).some(({ pending }) => pending !== undefined);
      this.#wakeLater();
      return 0;
    }
    const parts = encodeResponse(response);
    const encoded = clock.steady();
    this.#events.onStage('serialise', encoded - begin);
    this.#sending = true;
    const bytes = writeMessage(this.#call, parts, () => {
      this.#sending = false;
      this.#budget.taken(this);
      this.#pump();
    });
    this.#events.onStage('send', clock.steady() - encoded);
    return bytes;
  }

  tooSlow(bytes: number, milliseconds: number): void {
    const why = `${bytes} bytes of configuration have not been read for ${milliseconds} ms`;
    this.#events.onTooSlow(this, why);
    this.fail(status.RESOURCE_EXHAUSTED, why);
    // What is not read keeps the status from going out.
    resetStream(this.#call);
  }

  #wakeLater(): void {
    this.#timer.cancel();
    const now = this.#clock.steady();
    const wake = this.session.wakeAt(now);
    if (wake !== undefined) this.#timer = this.#clock.after(wake - now, () => this.#pump());
  }

  /** Ends the stream with a status. */
  fail(code: number, details: string): void {
    if (this.#state === 'closed') return;
    this.#call.emit('error', { code, details });
    this.#close('lost');
  }

  /**
   * Ends the stream when the certificate that it was opened with does: whoever has a newer one comes back with it,
   * and nobody else does.
   */
  endAt(time: number): void {
    this.#expiry = alarm(this.#clock, time, () =>
      this.fail(status.UNAUTHENTICATED, 'the certificate of this stream has expired'),
    );
  }

  /** Ends the stream because a newer one of the same proxy has taken over. */
  supersede(): void {
    this.fail(status.ABORTED, 'another stream of the same proxy has been opened');
  }

  #close(reason: 'goodbye' | 'lost'): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#timer.cancel();
    this.#expiry?.cancel();
    this.#budget.forget(this);
    if (this.#arrive !== undefined) this.#arrivals.forget(this.#arrive);
    if (reason === 'goodbye') this.#call.end();
    this.#events.onClose(this, reason);
  }
}

import { type Clock, systemClock } from '../clock.ts';
import { healthTypeUrl, typeUrls, type XdsType, xdsTypes } from '../resource.ts';
import { type core_Node, type Draft, decode, type discovery_DeltaDiscoveryRequest, encode } from '../wire.ts';
import { Backoff } from './backoff.ts';
import { ClientSubscription } from './client-subscription.ts';
import { Inbox, type Piece } from './inbox.ts';
import { type GrpcConnection, type GrpcStatus, type GrpcStream, grpcCode } from './transport.ts';

/** One resource as it came: what is inside is the receiver's business. */
export interface RawResource {
  readonly name: string;
  readonly version: string;
  /** The message. */
  readonly bytes: Uint8Array;
}

export interface Update {
  readonly type: XdsType;
  readonly resources: readonly RawResource[];
  readonly removed: readonly string[];
  /** A part of a large response; the rest comes in later turns. */
  readonly more?: true;
}

/** A resource that is refused; the one of the same name that was accepted before stays. */
export interface Rejection {
  readonly name: string;
  readonly reason: string;
}

export interface AdsClientOptions {
  readonly node: Draft<core_Node>;
  /** A new connection, with the identity of the moment. */
  readonly connect: () => GrpcConnection;
  /** Takes an update; a response is acknowledged, or refused with the reasons returned, when the call for its last part returns. */
  readonly onUpdate: (update: Update) => readonly Rejection[];
  readonly onConnection?: (state: ConnectionState) => void;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
}

export type ConnectionState =
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly status: GrpcStatus; readonly retryInMs: number };

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const urlTypes = new Map(xdsTypes.map((type) => [typeUrls[type] as string, type]));
const maxReason = 4096;
const goodbyeMs = 1_000;

/**
 * The delta ADS client of a proxy.
 *
 * Idle → Streaming ⇄ Waiting (back-off) → Closed. What was accepted survives a broken stream: the next one
 * begins with the versions we have and brings only what differs.
 */
export class AdsClient {
  readonly #options: AdsClientOptions;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  /** Said in this order, so that the server hears of clusters before it sends what uses them. */
  readonly #subscriptions = new Map(xdsTypes.map((type) => [type, new ClientSubscription(type)]));
  #state: 'idle' | 'streaming' | 'waiting' | 'closed' = 'idle';
  #connection: GrpcConnection | undefined;
  #stream: GrpcStream | undefined;
  #timer: { cancel(): void } | undefined;
  #nodeSaid = false;
  readonly #inbox = new Inbox<Response, RawResource>((piece) => this.#take(piece));
  /** A response is being taken: its acknowledgement goes out before new subscriptions. */
  #updating = false;
  /** Of the response that is being taken. */
  #rejections: Rejection[] = [];
  #answered = false;
  #health: { readonly healthy: boolean; readonly message: string } | undefined;
  #onGoodbye: (() => void) | undefined;

  constructor(options: AdsClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#backoff = new Backoff(options.random ?? Math.random);
  }

  #subscription(type: XdsType): ClientSubscription {
    return this.#subscriptions.get(type) as ClientSubscription;
  }

  /** Says what we have from an earlier run; before `start`. */
  restore(type: XdsType, versions: ReadonlyMap<string, string>): void {
    for (const [name, version] of versions) this.#subscription(type).versions.set(name, version);
  }

  /** Replaces what is wanted of a type: everything, or names. */
  subscribe(type: XdsType, wanted: '*' | ReadonlySet<string>): void {
    this.#subscription(type).wanted = wanted;
    if (!this.#updating) this.#flush();
  }

  /**
   * Has resources sent once more, to be answered anew: what was accepted does not work, or what was refused
   * works now. The protocol has no other way to take an answer back; subscribing to a name again has it sent
   * whatever its version.
   */
  askAgain(type: XdsType, names: Iterable<string>): void {
    this.#subscription(type).askAgain(names);
    if (!this.#updating) this.#flush();
  }

  start(): void {
    if (this.#state === 'idle') this.#open();
  }

  /** Idle | Waiting → Streaming */
  #open(): void {
    this.#state = 'streaming';
    this.#answered = false;
    this.#nodeSaid = false;
    for (const subscription of this.#subscriptions.values()) subscription.restart();
    const connection = this.#options.connect();
    this.#connection = connection;
    this.#stream = connection.open(
      path,
      {},
      {
        onMessage: (message) => this.#receive(message),
        onEnd: (status) => this.#ended(status),
      },
    );
    this.#flush();
    if (this.#health !== undefined) this.#sendHealth();
  }

  /** Streaming → Waiting → Streaming */
  #ended(status: GrpcStatus): void {
    this.#forget();
    this.#connection?.close();
    this.#connection = undefined;
    this.#stream = undefined;
    if (this.#state === 'closed') {
      this.#onGoodbye?.();
      return;
    }
    this.#state = 'waiting';
    const retryInMs = this.#backoff.next();
    this.#timer = this.#clock.after(retryInMs, () => this.#open());
    this.#options.onConnection?.({ kind: 'disconnected', status, retryInMs });
  }

  /** What has come and not been taken comes again, or is wanted no longer. */
  #forget(): void {
    this.#inbox.clear();
    this.#updating = false;
    this.#rejections = [];
  }

  #fail(message: string): void {
    this.#stream?.cancel();
    this.#ended({ code: grpcCode.internal, message });
  }

  #send(request: Draft<discovery_DeltaDiscoveryRequest>): void {
    const node = this.#nodeSaid ? {} : { node: this.#options.node };
    this.#nodeSaid = true;
    this.#stream?.send(encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', { ...node, ...request }));
  }

  /** Says what has changed of all subscriptions. */
  #flush(): void {
    if (this.#stream === undefined || this.#state !== 'streaming') return;
    for (const subscription of this.#subscriptions.values()) {
      const changes = subscription.changes();
      if (changes !== undefined) this.#send(asRequest(subscription.type, changes));
    }
  }

  #receive(message: Uint8Array): void {
    let response: Response;
    try {
      response = readResponse(message);
    } catch (error) {
      this.#fail(`bad response: ${(error as Error).message}`);
      return;
    }
    if (!this.#answered) {
      this.#answered = true;
      this.#backoff.reset();
      this.#options.onConnection?.({ kind: 'connected' });
    }
    if (!urlTypes.has(response.typeUrl)) {
      this.#fail(`response of a type that was not asked for: ${response.typeUrl}`);
      return;
    }
    this.#inbox.add(response);
  }

  #take({ message: response, items, last }: Piece<Response, RawResource>): void {
    const type = urlTypes.get(response.typeUrl) as XdsType;
    const subscription = this.#subscription(type);
    this.#updating = true;
    try {
      // What goes, goes when what comes is there.
      this.#rejections.push(...this.#update(subscription, items, last ? response.removed : [], last));
    } finally {
      if (last) this.#updating = false;
    }
    if (!last) return;
    const rejections = this.#rejections.splice(0);
    const error =
      rejections.length === 0 ? {} : { errorDetail: { code: 3, message: nackMessage(rejections) } };
    const changes = subscription.changes();
    const said = changes === undefined ? { typeUrl: typeUrls[type] } : asRequest(type, changes);
    this.#send({ ...said, responseNonce: response.nonce, ...error });
    this.#flush();
  }

  #update(
    subscription: ClientSubscription,
    items: readonly RawResource[],
    gone: readonly string[],
    last: boolean,
  ): readonly Rejection[] {
    const { type, versions } = subscription;
    // What we have just stopped wanting may still be on its way.
    const resources = items.filter(({ name }) => subscription.wants(name));
    const removed = gone.filter((name) => subscription.wants(name));
    const rejections = this.#options.onUpdate({ type, resources, removed, ...(last ? {} : { more: true }) });
    const rejected = new Set(rejections.map(({ name }) => name));
    for (const { name, version } of resources) if (!rejected.has(name)) versions.set(name, version);
    for (const name of removed) versions.delete(name);
    return rejections;
  }

  /** Tells the control plane whether the application serves (Istio's HealthInformation). */
  reportHealth(healthy: boolean, message = ''): void {
    this.#health = { healthy, message };
    if (this.#state === 'streaming') this.#sendHealth();
  }

  #sendHealth(): void {
    const { healthy, message } = this.#health ?? { healthy: true, message: '' };
    this.#send({ typeUrl: healthTypeUrl, ...(healthy ? {} : { errorDetail: { code: 13, message } }) });
  }

  /**
   * Ends for good. Saying goodbye (after draining) takes the instance out at once; without it the control
   * plane waits for it to come back. Resolves when the goodbye has been answered, or after a second.
   */
  async close(goodbye: boolean): Promise<void> {
    if (this.#state === 'closed') return;
    const streaming = this.#state === 'streaming';
    this.#state = 'closed';
    this.#forget();
    this.#timer?.cancel();
    if (streaming && goodbye) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.after(goodbyeMs, resolve);
        this.#onGoodbye = () => {
          timer.cancel();
          resolve();
        };
        this.#stream?.end();
      });
    } else this.#stream?.cancel();
    this.#connection?.close();
  }
}

function asRequest(
  type: XdsType,
  changes: NonNullable<ReturnType<ClientSubscription['changes']>>,
): Draft<discovery_DeltaDiscoveryRequest> {
  return {
    typeUrl: typeUrls[type],
    resourceNamesSubscribe: changes.subscribe,
    resourceNamesUnsubscribe: changes.unsubscribe,
    initialResourceVersions: changes.initialVersions,
  };
}

/** A response, with its resources as they came. */
interface Response {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly items: readonly RawResource[];
  readonly removed: readonly string[];
}

/** @throws WireError, or an Error for a resource of another type than its response */
function readResponse(message: Uint8Array): Response {
  const response = decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', message);
  const items = response.resources.map(({ name, version, resource }): RawResource => {
    if (resource?.typeUrl !== response.typeUrl)
      throw new Error(`${name} is a ${resource?.typeUrl ?? 'nothing'}`);
    // A copy: a view would keep the whole response.
    return { name, version, bytes: resource.value.slice() };
  });
  return { typeUrl: response.typeUrl, nonce: response.nonce, items, removed: response.removedResources };
}

/** `name: reason` of each, as the control plane looks for names in it. */
function nackMessage(rejections: readonly Rejection[]): string {
  const text = rejections.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  return text.length <= maxReason ? text : `${text.slice(0, maxReason)}…`;
}

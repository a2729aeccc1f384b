import type { OpenBudget } from '@tulle/decision/limits/budgets';
import type { SocketHandle, SocketRequest, SocketSource } from '../net/socket-source.ts';
import type { TimerWheel } from '../timers/wheel.ts';
import type { SharePermits } from '../upstream/breakers.ts';
import {
  generationOf,
  leads,
  type PeerMessage,
  type ToParent,
  type ToWorker,
  type WorkerId,
} from './protocol.ts';
import { PermitDesk } from './shared-permits.ts';
import { TokenDesk } from './shared-tokens.ts';

/** The worker's end of the channel: Node's IPC, or a test's. */
export interface ParentChannel {
  send(message: ToParent): void;
  onMessage(listener: (message: ToWorker, handle: unknown) => void): void;
}

export interface ParentLinkOptions {
  readonly channel: ParentChannel;
  readonly id: WorkerId;
  /** There are, or may be, other workers in this generation. */
  readonly shared: boolean;
  /** An earlier generation still serves. */
  readonly succeeds: boolean;
  /** How long its parent may take to answer a worker that asks for its part of a limit; then it gets none. */
  readonly answerMs?: number;
}

/** A parent that says nothing for so long has none. */
const defaultAnswerMs = 1_000;

/** What a successor's life means for the worker that it takes over from. */
export interface Succession {
  /** A successor starts; it talks to the control plane from here on. */
  onSucceeded(): void;
  /** It has failed. */
  onResume(): void | Promise<void>;
  /** It serves: finish what is open. */
  onRetire(): void;
}

/** What a worker knows of its parent and of the other workers. */
export class ParentLink implements SocketSource {
  readonly id: WorkerId;
  readonly shared: boolean;
  readonly succeeds: boolean;
  readonly #channel: ParentChannel;
  readonly #answerMs: number;
  #succession: Succession | undefined = undefined;
  readonly #binding = new Map<number, PromiseWithResolvers<SocketHandle>>();
  readonly #listeners = new Set<(message: PeerMessage, from: WorkerId) => void>();
  #desk: PermitDesk | undefined = undefined;
  #tokens: TokenDesk | undefined = undefined;
  #requests = 0;
  #workers: readonly WorkerId[] = [];
  #token: PromiseWithResolvers<string> | undefined = undefined;
  readonly #attached = Promise.withResolvers<void>();
  readonly #onWorkers = new Set<() => void>();

  constructor({ channel, id, shared, succeeds, answerMs = defaultAnswerMs }: ParentLinkOptions) {
    this.id = id;
    this.shared = shared;
    this.succeeds = succeeds;
    this.#channel = channel;
    this.#answerMs = answerMs;
    channel.onMessage((message, handle) => this.#receive(message, handle));
  }

  get leads(): boolean {
    return leads(this.id);
  }

  /** Resolves when the parent has said who else there is. */
  get attached(): Promise<void> {
    return this.#attached.promise;
  }

  /** The other workers that there are now. */
  get others(): readonly WorkerId[] {
    return this.#workers.filter((id) => id !== this.id);
  }

  onWorkers(listener: () => void): void {
    this.#onWorkers.add(listener);
  }

  /** How this worker's gauges share their limits; undefined when there is nobody to share with. */
  permits(wheel: TimerWheel): SharePermits | undefined {
    if (!this.shared) return undefined;
    const desk = new PermitDesk(wheel, this.#answerMs, (message) => this.#channel.send(message));
    this.#desk = desk;
    return (name, gauge) => desk.open(name, gauge);
  }

  /** How this worker draws on the buckets of rate limits that hold for all workers. */
  tokens(wheel: TimerWheel): OpenBudget {
    const desk = new TokenDesk(wheel, this.#answerMs, (message) => this.#channel.send(message));
    this.#tokens = desk;
    return (name, settings) => desk.open(name, settings);
  }

  bind(request: SocketRequest): Promise<SocketHandle> {
    const id = ++this.#requests;
    const answer = Promise.withResolvers<SocketHandle>();
    this.#binding.set(id, answer);
    this.#channel.send({ kind: 'bind', request: id, ...request });
    return answer.promise;
  }

  release(key: string): void {
    this.#channel.send({ kind: 'release', key });
  }

  /** What to do when a successor comes. */
  onSuccession(succession: Succession): void {
    this.#succession = succession;
  }

  serving(): void {
    this.#channel.send({ kind: 'serving' });
  }

  /** Another enrolment token, for one whose SVID has expired. @throws why there is none */
  enrolmentToken(): Promise<string> {
    if (this.#token === undefined) {
      this.#token = Promise.withResolvers();
      this.#channel.send({ kind: 'token?' });
    }
    return this.#token.promise;
  }

  tell(to: WorkerId | 'others', message: PeerMessage): void {
    this.#channel.send({ kind: 'tell', to, message });
  }

  /** Messages of all generations: they share limits and statistics. */
  onTold(listener: (message: PeerMessage, from: WorkerId) => void): void {
    this.#listeners.add(listener);
  }

  /** Whether a worker has the same lead as we. */
  isOfUs(worker: WorkerId): boolean {
    return generationOf(worker) === generationOf(this.id);
  }

  #receive(message: ToWorker, handle: unknown): void {
    switch (message.kind) {
      case 'bound':
        this.#bound(message, handle);
        break;
      case 'token':
        if ('text' in message.token) this.#token?.resolve(message.token.text);
        else this.#token?.reject(new Error(message.token.reason));
        this.#token = undefined;
        break;
      case 'granted':
      case 'recall':
        this.#desk?.receive(message);
        break;
      case 'drawn':
        this.#tokens?.receive(message);
        break;
      case 'told':
        for (const listener of this.#listeners) listener(message.message, message.from);
        break;
      case 'workers':
        this.#workers = message.ids;
        this.#attached.resolve();
        for (const listener of this.#onWorkers) listener();
        break;
      case 'succeeded':
        this.#succession?.onSucceeded();
        break;
      case 'resume':
        void this.#succession?.onResume();
        break;
      case 'retire':
        this.#succession?.onRetire();
        break;
    }
  }

  #bound({ request, error }: Extract<ToWorker, { kind: 'bound' }>, handle: unknown): void {
    const answer = this.#binding.get(request);
    this.#binding.delete(request);
    if (error !== undefined) answer?.reject(Object.assign(new Error(error.message), { code: error.code }));
    else answer?.resolve(handle as SocketHandle);
  }
}

import type { SocketHandle } from '../net/socket-source.ts';
import { PermitBook } from './permit-book.ts';
import type { ToParent, ToWorker, WorkerId } from './protocol.ts';
import { ListeningSockets } from './sockets.ts';
import { TokenBook } from './token-book.ts';

/** The parent's end of the channel to a worker. */
export interface WorkerChannel {
  /** The handle, if any, arrives with the message. A channel that is closed swallows both. */
  send(message: ToWorker, handle?: SocketHandle): void;
}

/**
 * What the workers of one proxy share: listening sockets, the permits of its limits, and each other's messages.
 * Whoever starts them attaches each and says when it has ended.
 */
export class WorkerParent {
  readonly #workers = new Map<WorkerId, WorkerChannel>();
  readonly #sockets = new ListeningSockets();
  readonly #permits = new PermitBook((worker, message) => this.#workers.get(worker)?.send(message));
  readonly #tokens = new TokenBook(
    (worker, message) => this.#workers.get(worker)?.send(message),
    () => performance.now(),
  );
  readonly #onServing: (worker: WorkerId) => void;
  readonly #newToken: () => Promise<string>;

  /**
   * @param onServing a worker has everything it needs and takes connections
   * @param newToken an enrolment token for a worker that asks for one; rejects with why there is none
   */
  constructor(onServing: (worker: WorkerId) => void, newToken: () => Promise<string>) {
    this.#onServing = onServing;
    this.#newToken = newToken;
  }

  attach(worker: WorkerId, channel: WorkerChannel): void {
    this.#workers.set(worker, channel);
    this.#tellWho();
  }

  /** Its process is gone. */
  ended(worker: WorkerId): void {
    if (!this.#workers.delete(worker)) return;
    this.#sockets.ended(worker);
    this.#permits.ended(worker);
    this.#tellWho();
  }

  /** Closes sockets that no worker listens on. */
  closeUnheld(): void {
    this.#sockets.closeUnheld();
  }

  close(): void {
    this.#sockets.close();
  }

  send(worker: WorkerId, message: ToWorker): void {
    this.#workers.get(worker)?.send(message);
  }

  receive(from: WorkerId, message: ToParent): void {
    // The last words of one that has been told dead.
    if (!this.#workers.has(from)) return;
    switch (message.kind) {
      case 'bind':
        this.#sockets.bind(from, message, (outcome) => {
          const { request } = message;
          if ('close' in outcome) this.#workers.get(from)?.send({ kind: 'bound', request }, outcome);
          else this.send(from, { kind: 'bound', request, error: outcome });
        });
        break;
      case 'release':
        this.#sockets.release(from, message.key);
        break;
      case 'serving':
        this.#onServing(from);
        break;
      case 'token?':
        this.#newToken().then(
          (text) => this.send(from, { kind: 'token', token: { text } }),
          (error: unknown) => {
            const reason = error instanceof Error ? error.message : String(error);
            this.send(from, { kind: 'token', token: { reason } });
          },
        );
        break;
      case 'ask':
        this.#permits.ask(from, message.budget, message.limit, message.count);
        break;
      case 'want':
        this.#permits.want(from, message.budget, message.limit);
        break;
      case 'give':
        this.#permits.give(from, message.budget, message.count, message.answer);
        break;
      case 'hold':
        this.#permits.hold(from, message.budget, message.limit, message.count);
        break;
      case 'draw':
        this.#tokens.draw(from, message.bucket, message.settings, message.count);
        break;
      case 'refund':
        this.#tokens.refund(message.bucket, message.count);
        break;
      case 'tell':
        for (const [worker, channel] of this.#workers)
          if (message.to === worker || (message.to === 'others' && worker !== from))
            channel.send({ kind: 'told', from, message: message.message });
        break;
    }
  }

  #tellWho(): void {
    const ids = [...this.#workers.keys()];
    for (const channel of this.#workers.values()) channel.send({ kind: 'workers', ids });
  }
}

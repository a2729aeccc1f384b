import type { Socket } from 'node:net';
import type { Pacer } from './pacer.ts';

/**
 * When a socket is read: not while its other side is full, nor while it is not its turn. What has been read is passed on and
 * spent; the next read waits until every pacer is open. So each connection may be one read ahead.
 */
export class ReadPace {
  readonly #pacers: readonly Pacer[];
  readonly #socket: Socket;
  #full = false;
  /** Takes back the turn that is waited for. */
  #cancel: (() => void) | undefined = undefined;

  constructor(pacers: readonly Pacer[], socket: Socket) {
    this.#pacers = pacers;
    this.#socket = socket;
  }

  read(bytes: number): void {
    if (this.#pacers.length === 0) return;
    for (const pacer of this.#pacers) pacer.spend(bytes);
    if (this.#cancel === undefined) this.#waitForTurn();
  }

  full(): void {
    this.#full = true;
    this.#socket.pause();
  }

  drained(): void {
    this.#full = false;
    if (this.#cancel === undefined) this.#socket.resume();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** In the order of the pacers, each once: who has had its turn does not go back. */
  #waitForTurn(from = 0): void {
    const at = this.#pacers.findIndex((pacer, index) => index >= from && !pacer.open);
    if (at < 0) {
      if (!this.#full) this.#socket.resume();
      return;
    }
    this.#socket.pause();
    this.#cancel = this.#pacers[at]?.wait(() => {
      this.#cancel = undefined;
      this.#waitForTurn(at + 1);
    });
  }
}

import type { Socket } from 'node:net';
import type { TcpCheck } from '@tulle/decision/tables/health-check';
import { holdsInOrder } from './payload.ts';
import { dial, type Probe, type ProbeSubject } from './probe.ts';
import type { Outcome } from './verdict.ts';

/** More than that without what is waited for is no answer. */
const mostBytes = 64 * 1024;

/**
 * A connection that opens; with something to receive, its arrival. A connection that only opens is closed at
 * once, others are kept where they may be.
 */
export class TcpProbe implements Probe {
  readonly #check: TcpCheck;
  readonly #subject: ProbeSubject;
  readonly #reuse: boolean;
  #socket: Socket | undefined = undefined;
  #cancel: (() => void) | undefined = undefined;
  #onOutcome: ((outcome: Outcome) => void) | undefined = undefined;
  #received: Buffer = Buffer.alloc(0);

  constructor(check: TcpCheck, subject: ProbeSubject, reuse: boolean) {
    this.#check = check;
    this.#subject = subject;
    this.#reuse = reuse;
  }

  ask(onOutcome: (outcome: Outcome) => void): void {
    this.#onOutcome = onOutcome;
    this.#received = Buffer.alloc(0);
    if (this.#socket !== undefined) {
      this.#socket.write(this.#check.send);
      return;
    }
    this.#cancel = dial(
      this.#subject,
      'bytes',
      (socket) => this.#connected(socket),
      () => this.#finish('unreachable'),
    );
  }

  abandon(): void {
    this.#onOutcome = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #connected(socket: Socket): void {
    this.#socket = socket;
    const lost = (): void => {
      socket.destroy();
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#finish('unreachable');
    };
    socket.on('error', lost).on('close', lost).on('end', lost);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    const { send, receive } = this.#check;
    if (send.length > 0) socket.write(send);
    if (receive.length === 0) this.#finish('passed');
  }

  #receive(chunk: Buffer): void {
    if (this.#onOutcome === undefined) return;
    this.#received = Buffer.concat([this.#received, chunk]);
    if (holdsInOrder(this.#received, this.#check.receive)) this.#finish('passed');
    else if (this.#received.length > mostBytes) this.#finish('unreachable');
  }

  #finish(outcome: Outcome): void {
    const onOutcome = this.#onOutcome;
    this.#onOutcome = undefined;
    if (outcome !== 'passed' || !this.#reuse || this.#check.receive.length === 0) {
      const socket = this.#socket;
      this.#socket = undefined;
      socket?.destroySoon();
    }
    onOutcome?.(outcome);
  }
}

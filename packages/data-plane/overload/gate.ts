import type { Socket } from 'node:net';
import { cut } from '../net/cut.ts';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import { HeapPressure, type HeapReading } from './heap-pressure.ts';

export interface GateOptions {
  readonly wheel: TimerWheel;
  /** Clients at a time, over all listeners (Envoy's global_downstream_max_connections). */
  readonly maxConnections?: number;
  /** Absent: the heap is not looked at. */
  readonly readHeap?: () => HeapReading;
}

/** Those who are being told no, at a time; more are reset without a word. Half of the reserve. */
const mostAnswers = 32;
/** How long a client may take to read its 503. */
const readAnswerMs = 1_000;

const body = 'overloaded';
/** Envoy's words to the client of an overloaded proxy, but for the body. */
const unavailable = Buffer.from(
  [
    'HTTP/1.1 503 Service Unavailable',
    'content-type: text/plain',
    `content-length: ${body.length}`,
    'x-envoy-overloaded: true',
    'connection: close',
    '',
    body,
  ].join('\r\n'),
);

/** Lets clients in as long as there is room for them, and tells the others at once. */
export class Gate {
  /** Clients that are in. */
  inside = 0;
  /** Turned away for want of room or memory. */
  turnedAway = 0;
  readonly maxConnections: number;
  readonly heap: HeapPressure | undefined;
  readonly #wheel: TimerWheel;
  #answering = 0;

  constructor({ wheel, maxConnections, readHeap }: GateOptions) {
    this.#wheel = wheel;
    this.maxConnections = maxConnections ?? Number.POSITIVE_INFINITY;
    this.heap = readHeap === undefined ? undefined : new HeapPressure(wheel, readHeap, () => this.inside > 0);
  }

  /** No new request may begin. */
  get refusesRequests(): boolean {
    return this.heap?.refusesRequests === true;
  }

  /** False: this one is to be turned away. Else `leave` is due when it has gone. */
  enter(): boolean {
    if (this.inside >= this.maxConnections || this.heap?.refusesConnections === true) {
      this.turnedAway++;
      return false;
    }
    this.inside++;
    this.heap?.watch();
    return true;
  }

  leave(): void {
    this.inside--;
  }

  /** Ends a connection that nothing was read from: 503 for `http`, else a reset. */
  turnAway(socket: Socket, http: boolean): void {
    socket.on('error', () => socket.destroy());
    if (!http || this.#answering >= mostAnswers) {
      cut(socket);
      return;
    }
    this.#answering++;
    const timer: Timer = this.#wheel.timer(() => cut(socket));
    timer.start(readAnswerMs);
    socket.once('close', () => {
      timer.stop();
      this.#answering--;
    });
    // What it sends is read and forgotten: closing with unread bytes would take the answer back.
    socket.resume();
    socket.end(unavailable);
  }
}

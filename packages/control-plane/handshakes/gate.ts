import type { Socket } from 'node:net';
import type { Clock, Timer } from '@tulle/xds/clock';
import { Calm } from './calm.ts';

export interface HandshakeLimits {
  /** Under way at a time, but for those whose peers are slow. */
  readonly maxShaking: number;
  /** Connections that are silent or wait. Beyond, who has been silent longest is closed; if none is, who comes. */
  readonly maxWaiting: number;
  /** A connection that says nothing is closed after so long. Milliseconds, as all below. */
  readonly maxSilentMs: number;
  /** A handshake that takes longer leaves its place to the next, and goes on. */
  readonly patienceMs: number;
  /** Of those there may be so many; beyond, who has been slow longest is closed. */
  readonly maxSlow: number;
  /** From a handshake's turn to its end; closed then. */
  readonly maxHandshakeMs: number;
}

const defaultLimits: HandshakeLimits = {
  maxShaking: 16,
  maxWaiting: 4_096,
  maxSilentMs: 10_000,
  patienceMs: 250,
  maxSlow: 1_024,
  maxHandshakeMs: 10_000,
};

/** First byte of a TLS record that carries a handshake. */
const tlsHandshake = 0x16;
/** More than any ClientHello, and nobody has answered it yet. */
const maxHelloBytes = 16 * 1024;

/** Closed by the gate, by why. */
export type Refusal = 'silent' | 'too-many' | 'no-tls' | 'too-slow';

/** A connection on its way in. */
interface Guest {
  readonly socket: Socket;
  /** Begins the handshake. */
  readonly shake: () => void;
  /** What it has said; put back when it is its turn. */
  readonly said: Buffer[];
  place: Set<Guest>;
  timer: Timer | undefined;
}

/**
 * Lets connections into TLS, so many at a time as can end their handshakes before their peers give up: when all of a mesh's
 * proxies come back at once, each handshake is begun when it can be ended, and who has left meanwhile costs none.
 *
 * ```
 *   accepted ──▶ silent ──first bytes──▶ waiting ──its turn──▶ shaking ──▶ let in | closed
 *                  │ maxSilentMs           (a queue)             │ patienceMs
 *                  ▼                                             ▼
 *                closed                                         slow ──▶ let in | closed (maxHandshakeMs, maxSlow)
 * ```
 * Silent and slow peers hold nobody up: the one has no place yet, the other has it no longer.
 */
export class HandshakeGate {
  readonly #clock: Clock;
  readonly #limits: HandshakeLimits;
  readonly #calm: Calm;
  readonly #guests = new Map<Socket, Guest>();
  readonly #silent = new Set<Guest>();
  readonly #waiting = new Set<Guest>();
  readonly #shaking = new Set<Guest>();
  readonly #slow = new Set<Guest>();
  readonly #refused: Record<Refusal, number> = { silent: 0, 'too-many': 0, 'no-tls': 0, 'too-slow': 0 };
  #letIn = 0;
  #closed = false;

  constructor(clock: Clock, limits: Partial<HandshakeLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...defaultLimits, ...limits };
    this.#calm = new Calm(clock, () => this.#waiting.size + this.#shaking.size === 0);
  }

  /** Connections on their way in: those that have said nothing, wait for their turn, shake hands. */
  get sizes(): Readonly<Record<'silent' | 'waiting' | 'shaking', number>> {
    const shaking = this.#shaking.size + this.#slow.size;
    return { silent: this.#silent.size, waiting: this.#waiting.size, shaking };
  }

  /** How many handshakes have ended well since the start. */
  get letIn(): number {
    return this.#letIn;
  }

  /** How many were closed by the gate since the start. */
  get refused(): Readonly<Record<Refusal, number>> {
    return this.#refused;
  }

  /**
   * Takes a connection that was accepted and not read from.
   * @param shake begins its handshake, now or later; whoever ends it well says `shaken`
   */
  enter(socket: Socket, shake: () => void): void {
    if (this.#closed) {
      socket.destroy();
      return;
    }
    this.#calm.disturb();
    const guest: Guest = { socket, shake, said: [], place: this.#silent, timer: undefined };
    this.#guests.set(socket, guest);
    // A peer that resets its connection concerns nobody.
    socket.on('error', ignore);
    socket.once('close', () => this.#forget(guest));
    if (!this.#makeRoom()) {
      this.#refuse(guest, 'too-many');
      return;
    }
    this.#move(guest, this.#silent, this.#limits.maxSilentMs, () => this.#refuse(guest, 'silent'));
    socket.on('readable', () => this.#hear(guest));
  }

  /** The handshake has ended well: the connection is no longer the gate's. */
  shaken(socket: Socket): void {
    const guest = this.#guests.get(socket);
    if (guest === undefined) return;
    this.#letIn++;
    this.#forget(guest);
  }

  /**
   * For work that can wait, between two slices: goes on at once when nobody comes in, else when nobody does, but
   * after three times what the last slice took at the latest. So handshakes get three quarters of the time that they want.
   */
  readonly pause = (spentMs: number, run: () => void): Timer => this.#calm.wait(3 * spentMs, run);

  /** Closes all that have not been let in. */
  close(): void {
    this.#closed = true;
    for (const { socket } of [...this.#guests.values()]) socket.destroy();
  }

  #makeRoom(): boolean {
    if (this.#silent.size + this.#waiting.size < this.#limits.maxWaiting) return true;
    const [longest] = this.#silent;
    if (longest === undefined) return false;
    this.#refuse(longest, 'too-many');
    return true;
  }

  /** silent → waiting. Reads on meanwhile, for only so is it seen that somebody leaves. */
  #hear(guest: Guest): void {
    const bytes: Buffer | null = guest.socket.read();
    if (bytes === null) return;
    guest.said.push(bytes);
    if (guest.place === this.#silent) {
      if (bytes[0] !== tlsHandshake) {
        this.#refuse(guest, 'no-tls');
        return;
      }
      this.#move(guest, this.#waiting);
      this.#next();
    } else if (guest.said.reduce((sum, { length }) => sum + length, 0) > maxHelloBytes)
      this.#refuse(guest, 'no-tls');
  }

  /** waiting → shaking → slow → closed, unless it is let in before. */
  #next(): void {
    const { maxShaking, patienceMs, maxHandshakeMs, maxSlow } = this.#limits;
    while (this.#shaking.size < maxShaking) {
      const [guest] = this.#waiting;
      if (guest === undefined) return;
      this.#move(guest, this.#shaking, patienceMs, () => {
        const [slowest] = this.#slow;
        if (slowest !== undefined && this.#slow.size >= maxSlow) this.#refuse(slowest, 'too-slow');
        this.#move(guest, this.#slow, maxHandshakeMs - patienceMs, () => this.#refuse(guest, 'too-slow'));
        this.#next();
      });
      guest.socket.removeAllListeners('readable');
      guest.socket.unshift(Buffer.concat(guest.said.splice(0)));
      guest.shake();
    }
  }

  #move(guest: Guest, place: Set<Guest>, ms?: number, run?: () => void): void {
    guest.timer?.cancel();
    guest.timer = ms === undefined || run === undefined ? undefined : this.#clock.after(ms, run);
    guest.place.delete(guest);
    guest.place = place;
    place.add(guest);
  }

  #refuse(guest: Guest, why: Refusal): void {
    this.#refused[why]++;
    this.#forget(guest);
    guest.socket.destroy();
  }

  #forget(guest: Guest): void {
    if (!this.#guests.delete(guest.socket)) return;
    guest.timer?.cancel();
    guest.place.delete(guest);
    if (!this.#closed) this.#next();
    this.#calm.look();
  }
}

function ignore(): void {}

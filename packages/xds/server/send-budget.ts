import { type Clock, type Pause, pauseOf, type Timer } from '../clock.ts';

/** A stream that has something to send, or may have. */
export interface Sender {
  /** It has not yet had everything that it should have. */
  readonly isNew: boolean;
  /** Its turn: sends one response, and gives its bytes; 0: there is nothing to send. Whoever sent says `taken` when the transport has it. */
  send(): number;
  /** It has not read what was sent for so long that it is to be closed. It has been forgotten already. */
  tooSlow(bytes: number, milliseconds: number): void;
}

export interface SendLimits {
  /** Sent and not taken, of all streams together, before others wait: passed by one response at most. */
  readonly maxBytes: number;
  /** Who has not taken a response for so long does not make others wait any longer, */
  readonly patienceMs: number;
  /** but all of them together may hold so much, */
  readonly maxSlowBytes: number;
  /** and each for so long. Milliseconds. */
  readonly maxSlowMs: number;
}

const defaultSendLimits: SendLimits = {
  maxBytes: 32 * 1024 * 1024,
  patienceMs: 2_000,
  maxSlowBytes: 64 * 1024 * 1024,
  maxSlowMs: 30_000,
};

/** Turns make room for other events this often. */
const sliceMs = 10;

/**
 * Bounds the bytes of responses that have been made and that the transport has not taken, over all streams: hundreds of
 * proxies that connect at once, or that one change reaches, wait for their turn without a response having been
 * made, and get what is newest then.
 *
 * ```
 *             ┌ changes ┐  the lane that has got less; in it,
 *   ask ────▶ │ new     │  who has waited longest     ──▶ held ──▶ taken
 *             └─────────┘                                  └─ 2 s ──▶ slow ──▶ taken | closed
 * ```
 * New streams have a lane of their own, so that a change of an endpoint does not wait for all that they get; no lane
 * starves, for both get as many bytes.
 */
export class SendBudget {
  readonly #limits: SendLimits;
  readonly #clock: Clock;
  readonly #pause: Pause;
  readonly #changes: Lane = { waiting: new Set(), sent: 0 };
  readonly #new: Lane = { waiting: new Set(), sent: 0 };
  /** Who waits for the transport; the longest first. */
  readonly #held = new Map<Sender, Held>();
  #bytes = 0;
  #slowBytes = 0;
  /** Milliseconds of sending since the last pause. */
  #spent = 0;
  #next: Timer | undefined;
  #look: Timer | undefined;

  /** @param pause between two slices of sending */
  constructor(clock: Clock, limits: SendLimits = defaultSendLimits, pause: Pause = pauseOf(clock)) {
    this.#clock = clock;
    this.#limits = limits;
    this.#pause = pause;
  }

  /** Bytes that have been sent and not taken. */
  get bytes(): number {
    return this.#bytes + this.#slowBytes;
  }

  /** It gets its turn now or later; asking again changes nothing. Not while the transport has not taken its last response. */
  ask(sender: Sender): void {
    if (this.#changes.waiting.has(sender) || this.#new.waiting.has(sender)) return;
    const [lane, other] = sender.isNew ? [this.#new, this.#changes] : [this.#changes, this.#new];
    // Who comes after a pause has no claim on what others got meanwhile.
    if (lane.waiting.size === 0) lane.sent = Math.max(lane.sent, other.waiting.size > 0 ? other.sent : 0);
    lane.waiting.add(sender);
    if (this.#next === undefined) this.#serve();
  }

  /** The transport has taken what it sent. */
  taken(sender: Sender): void {
    if (this.#release(sender) && this.#next === undefined) this.#serve();
  }

  /** Its stream has ended. */
  forget(sender: Sender): void {
    this.#changes.waiting.delete(sender);
    this.#new.waiting.delete(sender);
    this.taken(sender);
  }

  #serve(): void {
    this.#next = undefined;
    let since = this.#clock.steady();
    while (this.#bytes < this.#limits.maxBytes) {
      const lane = this.#turn();
      const [sender] = lane.waiting;
      if (sender === undefined) return;
      lane.waiting.delete(sender);
      const bytes = sender.send();
      lane.sent += bytes;
      if (bytes > 0) this.#hold(sender, bytes);
      const now = this.#clock.steady();
      this.#spent += now - since;
      since = now;
      if (this.#spent < sliceMs) continue;
      this.#next = this.#pause(this.#spent, () => this.#serve());
      this.#spent = 0;
      return;
    }
  }

  #turn(): Lane {
    if (this.#changes.waiting.size === 0) return this.#new;
    if (this.#new.waiting.size === 0) return this.#changes;
    return this.#changes.sent <= this.#new.sent ? this.#changes : this.#new;
  }

  #hold(sender: Sender, bytes: number): void {
    this.#held.set(sender, { bytes, since: this.#clock.steady(), slow: false });
    this.#bytes += bytes;
    this.#watch();
  }

  #release(sender: Sender): boolean {
    const held = this.#held.get(sender);
    if (held === undefined) return false;
    this.#held.delete(sender);
    if (held.slow) this.#slowBytes -= held.bytes;
    else this.#bytes -= held.bytes;
    if (this.#held.size === 0) {
      this.#look?.cancel();
      this.#look = undefined;
    }
    return true;
  }

  /** Who is slow makes nobody wait; who is too slow is closed, the slowest first. */
  #lookAtSlow(): void {
    this.#look = undefined;
    const { patienceMs, maxSlowBytes, maxSlowMs } = this.#limits;
    const now = this.#clock.steady();
    for (const held of this.#held.values()) {
      if (now - held.since < patienceMs) break;
      if (held.slow) continue;
      held.slow = true;
      this.#bytes -= held.bytes;
      this.#slowBytes += held.bytes;
    }
    for (const [sender, { since, bytes }] of this.#held) {
      if (now - since < maxSlowMs && this.#slowBytes <= maxSlowBytes) break;
      this.#release(sender);
      sender.tooSlow(bytes, now - since);
    }
    if (this.#held.size > 0) this.#watch();
    if (this.#next === undefined) this.#serve();
  }

  #watch(): void {
    this.#look ??= this.#clock.after(this.#limits.patienceMs, () => this.#lookAtSlow());
  }
}

/** Streams that wait, who has waited longest first, and the bytes that have gone to its streams. */
interface Lane {
  readonly waiting: Set<Sender>;
  sent: number;
}

/** A response that the transport has not taken. */
interface Held {
  readonly bytes: number;
  readonly since: number;
  slow: boolean;
}

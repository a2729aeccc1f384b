import type { Headers } from '@tulle/decision/headers';
import type { Stage } from './chain.ts';
import { FilterStatus, type FilterStream, type Resume } from './filter.ts';

/** Where a direction leads after its last filter. */
export interface Sink<Head> {
  head(head: Head, end: boolean): void;
  data(chunk: Buffer, end: boolean): void;
  trailers(trailers: Headers): void;
}

/** Who feeds a direction. */
export interface Source {
  /** Counted: each `hold` is ended by one `release`. */
  hold(): void;
  release(): void;
  /** A filter holds more than it may. */
  overflow(): void;
}

const Kind = { Head: 0, Data: 1, Trailers: 2 } as const;
type Kind = (typeof Kind)[keyof typeof Kind];

interface Event<Head> {
  readonly kind: Kind;
  readonly value: Head | Buffer | Headers;
  readonly end: boolean;
}

/** Held bytes above which the source is asked to wait. */
const holdAbove = 64 * 1024;

/**
 * A filter that holds back what it was given.
 *
 * ```
 *   Passing ──StopIteration──▶ Held ──resume──▶ Passing
 *      └──────StopAndBuffer──▶ Buffering ──resume, or Continue from a later hook──▶ Passing
 * ```
 */
class Stop<Head> {
  buffering = false;
  /** Has been through this filter: goes on after it. */
  readonly passed: Event<Head>[] = [];
  /** Has not been given to this filter yet. */
  readonly waiting: Event<Head>[] = [];
  bytes = 0;
  /** Asked the source to wait. */
  holding = false;
  /** The queues are being emptied: what arrives goes to `waiting`. */
  flushing = false;
  stopped = false;
}

/** One direction of one stream through its filters. */
export class Pipe<Head> {
  readonly #stages: readonly Stage<Head>[];
  readonly #stream: FilterStream;
  readonly #states: readonly unknown[];
  /** Where it leads, and what feeds it. */
  readonly #way: Sink<Head> & Source;
  /** By stage; absent while nothing is stopped, which is nearly always. */
  #stops: (Stop<Head> | undefined)[] | undefined = undefined;
  /** The stage whose hook runs; -1: none. */
  #running = -1;
  #resumed = false;
  /** What the hook that ran last wants to go on in place of what it was given. */
  #replacement: Buffer | undefined = undefined;
  #closed = false;

  constructor(
    stages: readonly Stage<Head>[],
    stream: FilterStream,
    states: readonly unknown[],
    way: Sink<Head> & Source,
  ) {
    this.#stages = stages;
    this.#stream = stream;
    this.#states = states;
    this.#way = way;
  }

  /** The filter whose hook runs now, as an index of the chain's filters; -1: none. */
  get runningFilter(): number {
    return this.#stages[this.#running]?.state ?? -1;
  }

  head(head: Head, end: boolean): void {
    this.#run(Kind.Head, head, end, 0);
  }

  data(chunk: Buffer, end: boolean): void {
    this.#run(Kind.Data, chunk, end, 0);
  }

  trailers(trailers: Headers): void {
    this.#run(Kind.Trailers, trailers, true, 0);
  }

  /** Called by the stream for the filter whose hook runs. */
  suspend(): Resume {
    const at = this.#running;
    let done = false;
    return () => {
      if (done) return;
      done = true;
      if (this.#running === at) this.#resumed = true;
      else this.#resume(at);
    };
  }

  /** Called by the stream for the filter whose data or trailers hook runs. */
  replace(chunk: Buffer): void {
    this.#replacement = chunk;
  }

  /** Nothing more goes through: the stream ended or was answered. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stop of this.#stops ?? []) if (stop?.holding === true) this.#way.release();
    this.#stops = undefined;
  }

  #run(kind: Kind, value: Head | Buffer | Headers, end: boolean, from: number): void {
    for (let at = from; at < this.#stages.length && !this.#closed; at++) {
      const stop = this.#stops?.[at];
      if (stop !== undefined && (!stop.buffering || stop.flushing)) {
        this.#hold(stop, stop.waiting, kept(kind, value, end));
        return;
      }
      const stage = this.#stages[at] as Stage<Head>;
      if (stop === undefined && !hasHook(stage, kind)) continue;
      const status = this.#call(
        at,
        stage,
        kind,
        value,
        end,
        stop === undefined ? FilterStatus.Continue : FilterStatus.StopAndBuffer,
      );
      if (this.#closed) return;
      if (this.#replacement !== undefined) {
        value = this.#replacement;
        this.#replacement = undefined;
        if (kind === Kind.Trailers) {
          kind = Kind.Data;
          end = true;
        }
        // Nothing to send yet, and an empty chunk would say so to the next.
        if (value.length === 0 && !end && status === FilterStatus.Continue && stop === undefined) return;
      }
      if (status !== FilterStatus.Continue) {
        const stopped = this.#stopAt(at);
        stopped.buffering = status === FilterStatus.StopAndBuffer;
        stopped.stopped = true;
        this.#hold(stopped, stopped.passed, kept(kind, value, end));
        return;
      }
      if (stop !== undefined) {
        stop.passed.push(kept(kind, value, end));
        this.#resume(at);
        return;
      }
    }
    if (this.#closed) return;
    if (kind === Kind.Head) this.#way.head(value as Head, end);
    else if (kind === Kind.Data) this.#way.data(value as Buffer, end);
    else this.#way.trailers(value as Headers);
  }

  /** `absent`: the status of a stage without this hook. */
  #call(
    at: number,
    stage: Stage<Head>,
    kind: Kind,
    value: Head | Buffer | Headers,
    end: boolean,
    absent: FilterStatus,
  ): FilterStatus {
    const before = this.#running;
    const state = this.#states[stage.state];
    this.#running = at;
    this.#resumed = false;
    let status: FilterStatus | undefined;
    if (kind === Kind.Head) status = stage.head?.(value as Head, end, this.#stream, state);
    else if (kind === Kind.Data) status = stage.data?.(value as Buffer, end, this.#stream, state);
    else status = stage.trailers?.(value as Headers, this.#stream, state);
    const resumed = this.#resumed;
    this.#running = before;
    this.#resumed = false;
    return resumed ? FilterStatus.Continue : (status ?? absent);
  }

  #stopAt(at: number): Stop<Head> {
    this.#stops ??= [];
    this.#stops[at] ??= new Stop();
    return this.#stops[at];
  }

  #hold(stop: Stop<Head>, queue: Event<Head>[], event: Event<Head>): void {
    queue.push(event);
    if (event.kind === Kind.Data) stop.bytes += (event.value as Buffer).length;
    if (stop.buffering && !stop.flushing) {
      if (stop.bytes > this.#stream.bufferLimit) this.#way.overflow();
    } else if (stop.bytes > holdAbove && !stop.holding) {
      stop.holding = true;
      this.#way.hold();
    }
  }

  /** Lets go what the stage holds, in order; stops anew if a hook says so meanwhile. */
  #resume(at: number): void {
    const stop = this.#stops?.[at];
    if (stop === undefined || this.#closed) return;
    stop.stopped = false;
    if (stop.flushing) return;
    stop.flushing = true;
    while (!this.#closed) {
      const event = stop.stopped ? undefined : stop.passed.shift();
      if (event !== undefined) this.#run(event.kind, event.value, event.end, at + 1);
      else if (!this.#askAgain(at, stop)) break;
    }
    stop.flushing = false;
    if (this.#closed) return;
    stop.bytes = bytesOf(stop.passed) + bytesOf(stop.waiting);
    if (stop.holding && stop.bytes <= holdAbove) {
      stop.holding = false;
      this.#way.release();
    }
    if (!stop.stopped && this.#stops !== undefined) this.#stops[at] = undefined;
  }

  /** Gives the next waiting event to the stage's hook. False: none waits, or the stage is held again. */
  #askAgain(at: number, stop: Stop<Head>): boolean {
    if (stop.stopped && !stop.buffering) return false;
    const event = stop.waiting.shift();
    if (event === undefined) return false;
    const stage = this.#stages[at] as Stage<Head>;
    const absent = stop.stopped ? FilterStatus.StopAndBuffer : FilterStatus.Continue;
    const status = this.#call(at, stage, event.kind, event.value, event.end, absent);
    stop.stopped = status !== FilterStatus.Continue;
    stop.buffering = status === FilterStatus.StopAndBuffer;
    const replacement = this.#replacement;
    this.#replacement = undefined;
    stop.passed.push(
      replacement === undefined
        ? event
        : kept<Head>(Kind.Data, replacement, event.end || event.kind === Kind.Trailers),
    );
    return true;
  }
}

function hasHook<Head>(stage: Stage<Head>, kind: Kind): boolean {
  return (kind === Kind.Head ? stage.head : kind === Kind.Data ? stage.data : stage.trailers) !== undefined;
}

/** What outlives the call: a chunk is the codec's only until it returns. */
function kept<Head>(kind: Kind, value: Head | Buffer | Headers, end: boolean): Event<Head> {
  return { kind, value: kind === Kind.Data ? Buffer.from(value as Buffer) : value, end };
}

function bytesOf<Head>(events: readonly Event<Head>[]): number {
  return events.reduce(
    (sum, event) => sum + (event.kind === Kind.Data ? (event.value as Buffer).length : 0),
    0,
  );
}

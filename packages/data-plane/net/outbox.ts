import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** Above this much that the peer has not taken, `write` answers false. */
const highWatermark = 128 * 1024;
/** The most that leaves in one write. */
const arenaBytes = 64 * 1024;
/** What most connections need in a turn: every one that writes in it holds one. */
const smallBytes = 8 * 1024;
const mostIdleArenas = 16;
const mostIdleSmall = 256;

/**
 * Where a proxy's connections leave their bytes during a turn of the event loop; all is written at its end:
 * head and first body bytes, or many small pieces, go out in one system call and one TLS record.
 *
 * ```
 *   write, write, write … ─▶ arena (8 or 64 KiB, pooled) ─▶ one socket.write per socket and turn
 * ```
 * Never `cork`: a writev of small Buffers costs more than it saves (measured, prototype).
 */
export class Outboxes {
  #dirty: Outbox[] = [];
  #spare: Outbox[] = [];
  #scheduled = false;
  readonly #arenas: Buffer[] = [];
  readonly #small: Buffer[] = [];
  readonly #flush = (): void => {
    this.#scheduled = false;
    const dirty = this.#dirty;
    this.#dirty = this.#spare;
    for (let at = 0; at < dirty.length; at++) (dirty[at] as Outbox).flush();
    dirty.length = 0;
    this.#spare = dirty;
  };

  open(socket: Duplex, onDrain: () => void): Outbox {
    return new Outbox(this, socket, onDrain);
  }

  /** Called by an Outbox with something to write. */
  schedule(outbox: Outbox): void {
    this.#dirty.push(outbox);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  /** An arena for `length` bytes or more. */
  borrow(length: number): Buffer {
    if (length <= smallBytes) return this.#small.pop() ?? Buffer.allocUnsafeSlow(smallBytes);
    return this.#arenas.pop() ?? Buffer.allocUnsafeSlow(arenaBytes);
  }

  giveBack(arena: Buffer): void {
    if (arena.length === smallBytes) {
      if (this.#small.length < mostIdleSmall) this.#small.push(arena);
    } else if (this.#arenas.length < mostIdleArenas) this.#arenas.push(arena);
  }
}

/** Node's own, which its types leave out. */
type Latin1Buffer = Buffer & { latin1Write(text: string, at: number, length: number): number };

/** The sending side of one connection. Everything is copied before `write` returns. */
export class Outbox {
  /** Times that bytes were handed to the socket. */
  written = 0;
  readonly #owner: Outboxes;
  readonly #socket: Duplex;
  readonly #onDrain: () => void;
  #arena: Buffer | undefined = undefined;
  #used = 0;
  #scheduled = false;
  #blocked = false;
  #ending = false;

  constructor(owner: Outboxes, socket: Duplex, onDrain: () => void) {
    this.#owner = owner;
    this.#socket = socket;
    this.#onDrain = onDrain;
    socket.on('drain', () => this.#unblock());
  }

  /** Bytes that the kernel has not taken yet. */
  get pending(): number {
    return this.#used + this.#socket.writableLength;
  }

  /** False: hold back until `onDrain`. */
  write(chunk: Uint8Array): boolean {
    const length = chunk.length;
    if (length > 0) {
      if (length > arenaBytes - this.#used) this.#writeOut();
      if (length > arenaBytes) {
        this.#socket.write(Buffer.from(chunk));
        this.written++;
      } else {
        this.#room(length).set(chunk, this.#used);
        this.#used += length;
        this.#schedule();
      }
    }
    return this.ready();
  }

  /**
   * As `write`, for text whose characters are all below 256; whoever writes heads holds back for nobody. Pieces
   * cost less than what they would be joined to: V8 copies a string that is flat without a call into C++.
   */
  writeLatin1(text: string): void {
    const length = text.length;
    if (length > arenaBytes - this.#used) this.#writeOut();
    if (length > arenaBytes) {
      this.#socket.write(text, 'latin1');
      this.written++;
    } else if (length > 0) {
      // What `write` comes to, of which a third is finding out that it is this.
      (this.#room(length) as Latin1Buffer).latin1Write(text, this.#used, length);
      this.#used += length;
      this.#schedule();
    }
  }

  /** Room for `length` bytes (64 KiB at most), to be written in place from `claimedAt` on; then `commit`. */
  claim(length: number): Buffer {
    if (length > arenaBytes - this.#used) this.#writeOut();
    return this.#room(length);
  }

  get claimedAt(): number {
    return this.#used;
  }

  /** `length` bytes of what was claimed are written. False: hold back until `onDrain`. */
  commit(length: number): boolean {
    this.#used += length;
    this.#schedule();
    return this.ready();
  }

  /** Writes what is left and half-closes, at the end of this turn. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#schedule();
  }

  /** Called at the end of the turn; also by whoever hands the socket on. */
  flush(): void {
    this.#scheduled = false;
    this.#writeOut();
    if (this.#ending && !this.#socket.destroyed) this.#socket.end();
    if (this.#blocked && this.#socket.writableLength < this.#socket.writableHighWaterMark) this.#unblock();
  }

  /** The arena, with room for `length` bytes more. */
  #room(length: number): Buffer {
    const arena = this.#arena;
    const needed = this.#used + length;
    if (arena !== undefined && needed <= arena.length) return arena;
    const larger = this.#owner.borrow(needed);
    if (arena !== undefined) {
      arena.copy(larger, 0, 0, this.#used);
      this.#owner.giveBack(arena);
    }
    this.#arena = larger;
    return larger;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#owner.schedule(this);
  }

  /** False: above the high watermark, hold back until `onDrain`. */
  ready(): boolean {
    if (this.#used + this.#socket.writableLength <= highWatermark) return true;
    this.#blocked = true;
    this.#schedule();
    return false;
  }

  #unblock(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    if (!this.#socket.destroyed) this.#onDrain();
  }

  /** An established TLS socket with nothing queued encrypts, so copies, before `write` returns. */
  #copiesOnWrite(): boolean {
    const socket = this.#socket;
    return (
      socket instanceof TLSSocket && !(socket as TLSSocket & { secureConnecting: boolean }).secureConnecting
    );
  }

  #writeOut(): void {
    const arena = this.#arena;
    if (arena === undefined) return;
    const used = this.#used;
    this.#arena = undefined;
    this.#used = 0;
    const socket = this.#socket;
    if (used > 0 && !socket.destroyed && socket.writable) {
      this.written++;
      if (socket.writableLength > 0) {
        // It will wait behind other bytes: a copy of its size lets the arena go on working.
        socket.write(Buffer.from(arena.subarray(0, used)));
      } else {
        const copies = this.#copiesOnWrite();
        socket.write(arena.subarray(0, used));
        // Else, unless the kernel took all of it, the socket still reads from this arena: it is left to it.
        if (!copies && socket.writableLength > 0) return;
      }
    }
    this.#owner.giveBack(arena);
  }
}

import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import type { Timer, TimerWheel } from '../timers/wheel.ts';

/** Envoy's defaults: 64 KiB or 10 s; a person who looks at a log expects to see it sooner. */
const flushBytes = 16 * 1024;
const flushAfterMs = 500;
/** Lines are dropped rather than kept without bound when nobody reads. */
const mostUnwritten = 4 * 1024 * 1024;

/** Lines on their way to one file or stream, written together. */
class LogSink {
  /** Lines that were lost because the writer was too slow. */
  dropped = 0;
  readonly #stream: Writable;
  readonly #timer: Timer;
  #pending = '';

  constructor(stream: Writable, timers: TimerWheel) {
    this.#stream = stream;
    this.#timer = timers.timer(() => this.flush());
    // A log that can't be written must not end the proxy.
    stream.on('error', () => this.dropped++);
  }

  write(line: string): void {
    if (this.#stream.writableLength + this.#pending.length > mostUnwritten) {
      this.dropped++;
      return;
    }
    if (this.#pending === '') this.#timer.start(flushAfterMs);
    this.#pending += line;
    if (this.#pending.length >= flushBytes) this.flush();
  }

  flush(): void {
    this.#timer.stop();
    if (this.#pending === '') return;
    const lines = this.#pending;
    this.#pending = '';
    if (this.#stream.writable) this.#stream.write(lines);
  }

  /** Writes what is left; resolves when it is out. */
  async close(end: boolean): Promise<void> {
    this.flush();
    await new Promise<void>((resolve) => {
      if (!this.#stream.writable) resolve();
      else if (end) this.#stream.end(() => resolve());
      else this.#stream.write('', () => resolve());
    });
  }
}

/** The sinks of a proxy, one per path however many logs write there. */
export class LogSinks {
  readonly #timers: TimerWheel;
  readonly #standard: { readonly stdout: Writable; readonly stderr: Writable };
  readonly #sinks = new Map<string, LogSink>();

  constructor(timers: TimerWheel, standard: { readonly stdout: Writable; readonly stderr: Writable }) {
    this.#timers = timers;
    this.#standard = standard;
  }

  /** `/dev/stdout`, `/dev/stderr`, or a file that is appended to. */
  open(path: string): LogSink {
    let sink = this.#sinks.get(path);
    if (sink === undefined) {
      sink = new LogSink(
        this.#standardStream(path) ?? createWriteStream(path, { flags: 'a', mode: 0o600 }),
        this.#timers,
      );
      this.#sinks.set(path, sink);
    }
    return sink;
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#sinks].map(([path, sink]) => sink.close(this.#standardStream(path) === undefined)),
    );
  }

  #standardStream(path: string): Writable | undefined {
    if (path === '/dev/stdout') return this.#standard.stdout;
    return path === '/dev/stderr' ? this.#standard.stderr : undefined;
  }
}

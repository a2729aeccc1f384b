import type { Headers } from '@tulle/decision/headers';
import type { StreamHandler } from '../../http/stream.ts';

/** For tests: a handler that writes down what it was told, and checks the rules of the seam. */
export class Recorder<Head> implements StreamHandler<Head> {
  head: Head | undefined;
  informational: Head[] = [];
  body = '';
  trailers: Headers | undefined;
  ended = false;
  reset: string | undefined;
  resetDetail: string | undefined;
  drains = 0;
  /** Called after each event, for tests that answer at a certain moment. */
  readonly after: (recorder: Recorder<Head>) => void;

  constructor(after: (recorder: Recorder<Head>) => void = () => {}) {
    this.after = after;
  }

  onHead(head: Head, end: boolean): void {
    if (this.head !== undefined) throw new Error('a second head');
    this.#check();
    this.head = head;
    this.ended = end;
    this.after(this);
  }

  onData(chunk: Buffer, end: boolean): void {
    this.#check();
    this.body += chunk.toString('latin1');
    this.ended = end;
    this.after(this);
  }

  onTrailers(trailers: Headers): void {
    this.#check();
    this.trailers = trailers;
    this.ended = true;
    this.after(this);
  }

  onInformational(head: Head): void {
    this.#check();
    this.informational.push(head);
  }

  onDrain(): void {
    this.drains++;
  }

  onReset(reason: string, detail?: string): void {
    if (this.reset !== undefined) throw new Error('a second reset');
    this.reset = reason;
    this.resetDetail = detail;
    this.after(this);
  }

  #check(): void {
    if (this.ended) throw new Error('an event after the end');
    if (this.reset !== undefined) throw new Error('an event after the reset');
  }
}

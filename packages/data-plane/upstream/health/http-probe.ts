import { Headers } from '@tulle/decision/headers';
import type { HttpCheck, StatusRange } from '@tulle/decision/tables/health-check';
import type { ResetReason, ResponseHead, StreamHandler } from '../../http/stream.ts';
import { closedWhileIdle } from '../../http1/client/client.ts';
import type { ClientConnection } from '../pool/client-connection.ts';
import { holdsInOrder } from './payload.ts';
import { type Probe, ProbeConnection, type ProbeSubject } from './probe.ts';
import type { Outcome } from './verdict.ts';

/** A request whose response must have an expected status, and the body that is asked for. */
export class HttpProbe implements Probe {
  readonly #check: HttpCheck;
  readonly #subject: ProbeSubject;
  readonly #connection: ProbeConnection;
  readonly #reuse: boolean;
  #answer: Answer | undefined = undefined;

  constructor(check: HttpCheck, subject: ProbeSubject, reuse: boolean) {
    this.#check = check;
    this.#subject = subject;
    this.#reuse = reuse;
    this.#connection = new ProbeConnection(subject, check.http2);
  }

  ask(onOutcome: (outcome: Outcome) => void): void {
    this.#connection.use(
      (connection) => this.#send(connection, onOutcome),
      () => onOutcome('unreachable'),
    );
  }

  abandon(): void {
    this.#answer?.ignore();
    this.#answer = undefined;
    this.#connection.close();
  }

  #send(connection: ClientConnection, onOutcome: (outcome: Outcome) => void): void {
    const answer = new Answer(
      this.#check,
      (outcome) => {
        this.#answer = undefined;
        if (!this.#reuse) this.#connection.close();
        onOutcome(outcome);
      },
      // The server had closed it meanwhile: that says nothing.
      () => this.ask(onOutcome),
    );
    this.#answer = answer;
    const { method, path } = this.#check;
    connection.request(answer).sendHead(
      {
        method,
        path,
        authority: this.#host(),
        scheme: 'http',
        headers: this.#headers(),
        protocol: this.#check.http2 ? 'HTTP/2' : 'HTTP/1.1',
      },
      true,
    );
  }

  #host(): string {
    return (
      this.#subject.endpoint.config.healthCheck?.hostname || this.#check.host || this.#subject.cluster().name
    );
  }

  #headers(): Headers {
    const headers = Headers.of({ 'user-agent': 'Envoy/HC' });
    for (const [name, value] of this.#check.headers) headers.add(name, value);
    for (const name of this.#check.removedHeaders) headers.remove(name);
    return headers;
  }
}

const covers = (ranges: readonly StatusRange[], status: number): boolean =>
  ranges.some(({ start, end }) => status >= start && status < end);

/** One response, judged when it is complete. */
class Answer implements StreamHandler<ResponseHead> {
  readonly #check: HttpCheck;
  readonly #onOutcome: (outcome: Outcome) => void;
  readonly #again: () => void;
  readonly #body: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  #over = false;

  constructor(check: HttpCheck, onOutcome: (outcome: Outcome) => void, again: () => void) {
    this.#check = check;
    this.#onOutcome = onOutcome;
    this.#again = again;
  }

  ignore(): void {
    this.#over = true;
  }

  onHead({ status }: ResponseHead, end: boolean): void {
    this.#status = status;
    if (end) this.#judge();
  }

  onData(chunk: Buffer, end: boolean): void {
    const { receive, bodyLimit } = this.#check;
    const room = bodyLimit === 0 ? chunk.length : Math.min(chunk.length, bodyLimit - this.#bytes);
    if (receive.length > 0 && room > 0) {
      this.#body.push(Buffer.from(chunk.subarray(0, room)));
      this.#bytes += room;
    }
    if (end) this.#judge();
  }

  onTrailers(): void {
    this.#judge();
  }

  onDrain(): void {}

  onReset(_reason: ResetReason, detail?: string): void {
    if (this.#over) return;
    this.#over = true;
    if (detail === closedWhileIdle) this.#again();
    else this.#onOutcome('unreachable');
  }

  #judge(): void {
    if (this.#over) return;
    this.#over = true;
    this.#onOutcome(this.#outcome());
  }

  #outcome(): Outcome {
    const { expected, retriable, receive } = this.#check;
    if (!covers(expected, this.#status)) return covers(retriable, this.#status) ? 'unreachable' : 'failed';
    return holdsInOrder(Buffer.concat(this.#body), receive) ? 'passed' : 'failed';
  }
}
